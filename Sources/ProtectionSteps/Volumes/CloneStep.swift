import JSON
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `clone`: makes the run's snapshot of a volume readable.
struct CloneStep: ProtectionStepKind {
  static let signature = StepSignature(
    "clone", "Makes the snapshot of a volume readable",
    inputs: [Volume.input, .optional("writable", .boolean, default: false, "whether it can be written to")],
    outputs: [
      OutputField("clone", .string, "the clone's name"),
      OutputField("place", .map, "where it is: {folder: PATH}, {image: PATH} or {device: PATH}"),
    ], resources: [ResourceKind.clone])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let isWritable = arguments.value("writable")?.bool ?? false
    let entry = try await services.intend(ResourceKind.clone, volume.cloneName(step.id.run), of: volume, step)
    let place = try await services.makeClone(
      entry, of: volume.snapshotName(step.id.run), volume, writable: isWritable, step)
    return .succeeded(outputs: ["clone": .string(entry.name), "place": place.json])
  }
}

extension DriverClone.Place {
  /// `{folder: PATH}`, `{image: PATH}` or `{device: PATH}`.
  var json: JSONValue {
    switch self {
    case .folder(let path): ["folder": .string(path)]
    case .image(let path): ["image": .string(path)]
    case .device(let path): ["device": .string(path)]
    }
  }

  /// The other way round; nil for anything else.
  init?(json: JSONValue?) {
    guard let members = json?.object, members.count == 1, let (key, value) = members.first, let path = value.string,
      path.hasPrefix("/")
    else { return nil }
    switch key {
    case "folder": self = .folder(path)
    case "image": self = .image(path)
    case "device": self = .device(path)
    default: return nil
    }
  }
}
