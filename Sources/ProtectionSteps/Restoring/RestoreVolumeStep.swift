import Concurrency
import Cryptography
import FailPoints
import Glibc
import JSON
import ResticFormat
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `restore-volume`: brings one volume of a restore point back, to where it was or to a folder of its own.
///
/// What is there already and equal is not written again, so another attempt goes on where this one ended.
struct RestoreVolumeStep: StepKind {
  static let signature = StepSignature(
    "restore-volume", "Brings a volume of a restore point back",
    inputs: [
      .required("volume", .map(keys: .any, values: .anything), "the volume, as choose-point puts it out"),
      .optional("profile", .text, "the profile of the export"),
      .optional("paths", .list(of: .text), "only these files and folders of the volume; patterns as for excludes"),
      .optional("verify", .boolean, default: false, "read everything back and compare it"),
      .optional("scratch", .text, "a folder in which a folder for this run is made; remove-scratch removes it"),
    ],
    outputs: [
      OutputField("volume", .string, "the volume's name"),
      OutputField("target", .string, "where it is now"),
      OutputField("files", .integer, "files that are there now"),
      OutputField("bytes", .integer, "bytes of these"),
      OutputField("verifiedBytes", .integer, "bytes that were read back and are right"),
      OutputField("seconds", .number, "how long it took"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let start = ContinuousClock.now
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let paths = (arguments.value("paths")?.array ?? []).compactMap(\.string)
    let numbers: VolumeRestore.Numbers
    let target: String
    if let snapshot = volume.json["fromSnapshot"]?.string {
      guard volume.json["target"] == nil, paths.isEmpty, arguments.value("scratch") == nil else {
        throw StepFailure(
          .permanent,
          "\(volume.title): from a snapshot a whole volume comes back to where it was; take the export for anything else (from: export)"
        )
      }
      failPoint("restore.begun")
      try await driving(volume) { driver throws(DriverError) in
        try await driver.restore(volume.source, snapshot: snapshot)
      }
      (numbers, target) = (VolumeRestore.Numbers(), volume.source.path)
    } else {
      guard let export = volume.json["fromExport"]?.string.flatMap({ FileID($0) }) else {
        throw StepFailure(
          .permanent, "\(volume.title): it does not say what it comes back from; take it from choose-point")
      }
      target = try await place(of: volume, arguments, step)
      var restore = VolumeRestore(volume: volume, export: export, target: target)
      restore.paths = paths
      restore.verifies = arguments.value("verify")?.bool ?? false
      restore.deletes = target == volume.source.path && paths.isEmpty
      let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
      failPoint("restore.begun")
      let sessions = services.sessions
      let outcome = try await StepOutcome.usingRepository(of: profile) { [restore] in
        let numbers = try await sessions.use(profile) { repository, _ in
          try await restore.run(repository, cache: services.cache, step: step)
        }
        return .succeeded(outputs: numbers.json)
      }
      guard case .succeeded(let outputs) = outcome else { return outcome }
      numbers = VolumeRestore.Numbers(json: outputs)
    }
    failPoint("restore.done")
    var outputs = numbers.json.object ?? [:]
    outputs["volume"] = .string(volume.source.name)
    outputs["target"] = .string(target)
    outputs["seconds"] = .double((.now - start) / .seconds(1))
    return .succeeded(outputs: .object(outputs))
  }

  /// The folder that the content comes into.
  private func place(of volume: Volume, _ arguments: StepArguments, _ step: StepContext) async throws -> String {
    if let folder = try arguments.string("scratch"), !folder.isEmpty {
      return try await services.scratch(in: folder, for: volume, step)
    }
    if let target = volume.json["target"]?.string { return target }
    guard volume.source.driver != Dump.driver else {
      throw StepFailure(
        .permanent, "\(volume.title) is a dump, which is nowhere in place: give a target, or use restore-stream")
    }
    // Points of before say that a device is an image.
    let kind = volume.json["kind"]?.string.flatMap(ExportKind.init)
    guard kind == .image || kind == .device else { return volume.source.path }
    try await BlockingPool.shared.run { try volume.checkTakesFile() }
    // The file comes back beside others that are none of ours.
    let folders = volume.source.path.split(separator: "/").dropLast()
    return "/" + folders.joined(separator: "/")
  }
}

extension Volume {
  /// Makes sure that the volume's path is that of an image file, or of one that is gone. At a device's, the restore would remove the
  /// device, or the link to it, and leave a file there that nobody uses.
  fileprivate func checkTakesFile() throws(StepFailure) {
    var status = stat()
    if lstat(source.path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFREG { return }
    } else if errno == ENOENT, source.driver != "exec", !source.path.hasPrefix("/dev/") {
      return
    }
    throw StepFailure(
      .permanent,
      "\(title): its export comes back as an image file, and \(source.path) is none: give a target, and copy the file from there to the device"
    )
  }
}

extension VolumeRestore.Numbers {
  var json: JSONValue {
    ["files": .int(Int64(files)), "bytes": .int(Int64(bytes)), "verifiedBytes": .int(Int64(verifiedBytes))]
  }

  init(json: JSONValue?) {
    files = Int(json?["files"]?.int ?? 0)
    bytes = Int(json?["bytes"]?.int ?? 0)
    verifiedBytes = Int(json?["verifiedBytes"]?.int ?? 0)
  }
}
