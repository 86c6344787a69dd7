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
/// What is there already and equal is not written again, so another attempt goes on where this one ended; only a copy of a snapshot
/// begins anew.
struct RestoreVolumeStep: ProtectionStepKind {
  static let signature = StepSignature(
    "restore-volume", "Brings a volume of a restore point back",
    inputs: [
      .required("volume", .map(keys: .any, values: .anything), "the volume, as choose-point puts it out"),
      .optional("profile", .text, "the profile of the export"),
      .optional("paths", .list(of: .text), "only these files and folders of the volume; patterns as for excludes"),
      .optional("verify", .boolean, default: false, "read everything back and compare it"),
      .optional("scratch", .text, "a folder in which a folder for this run is made; remove-scratch removes it"),
      .optional(
        "drill", .boolean, default: false,
        "for a restore drill: an export that is shown to be bad is put out as 'finding', and fails nothing"),
    ],
    outputs: [
      OutputField("volume", .string, "the volume's name"),
      OutputField("target", .string, "where it is now"),
      OutputField("files", .integer, "files that are there now"),
      OutputField("bytes", .integer, "bytes of these"),
      OutputField("verifiedBytes", .integer, "bytes that were read back and are right"),
      OutputField("seconds", .number, "how long it took"),
      OutputField("startedAt", .string, "when it began"),
      OutputField("endedAt", .string, "when it was done"),
      OutputField("finding", .string, "of a drill: what shows that the export is bad; empty if nothing does"),
    ], resources: [ResourceKind.clone, ResourceKind.scratch])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let start = ContinuousClock.now
    let startedAt = Snapshot.Moment.now
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let paths = (arguments.value("paths")?.array ?? []).compactMap(\.string)
    let numbers: VolumeRestore.Numbers
    let target: String
    if let snapshot = volume.json["fromSnapshot"]?.string {
      guard paths.isEmpty, arguments.value("scratch") == nil else {
        throw StepFailure(
          .permanent,
          "\(volume.title): from a snapshot only the whole volume comes back, to where it was or into a folder (target); single files and drills take an export (from: export)"
        )
      }
      if arguments.value("verify")?.bool ?? false {
        step.log("\(volume.title): it comes from a snapshot; only what comes from an export is read back and compared")
      }
      failPoint("restore.begun")
      if let folder = volume.json["target"]?.string {
        (numbers, target) = (try await services.copy(snapshot, of: volume, to: folder, step), folder)
      } else {
        let isKept = try volume.keptInPlace()
        try await driving(volume) { driver throws(DriverError) in
          try await driver.restore(volume.source, snapshot: snapshot, keeping: isKept)
        }
        (numbers, target) = (VolumeRestore.Numbers(), volume.source.path)
      }
    } else {
      guard let export = volume.json["fromExport"]?.string.flatMap({ FileID($0) }) else {
        throw StepFailure(
          .permanent, "\(volume.title): it does not say what it comes back from; take it from choose-point")
      }
      let place = try await place(of: volume, arguments, step)
      guard paths.isEmpty || !place.isDevice && place.file == nil else {
        throw StepFailure(
          .permanent,
          "\(volume.title): its export is an image, which comes back in place as a whole; restore it to a folder (target), and mount the file there"
        )
      }
      target = place.path
      var restore = VolumeRestore(volume: volume, export: export, target: target)
      restore.paths = paths
      restore.file = place.file
      // The folder of an image holds others, and is no volume.
      restore.becomesVolume = paths.isEmpty && !place.isScratch && (volume.exportKind ?? .folder) == .folder
      restore.verifies = arguments.value("verify")?.bool ?? false
      // Only in place: a target that happens to be where the volume was is a folder like any other.
      restore.deletes = volume.json["target"] == nil && target == volume.source.path && paths.isEmpty
      let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
      failPoint("restore.begun")
      let services = services
      let makesVolume = paths.isEmpty && target == volume.json["target"]?.string
      let isDrill = arguments.value("drill")?.bool ?? false
      let outcome = try await StepOutcome.usingRepository(of: profile) { [restore] in
        let numbers = try await services.sessions.use(profile) { repository, _ in
          if makesVolume { try await services.makeEmptyVolume(at: target, like: volume) }
          if place.isDevice { return try await restore.runOnDevice(repository, cache: services.cache, step: step) }
          return isDrill
            ? try await restore.drill(repository, cache: services.cache, step: step)
            : try await restore.run(repository, cache: services.cache, step: step)
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
    outputs["startedAt"] = .string(startedAt.rfc3339)
    outputs["endedAt"] = .string(Snapshot.Moment.now.rfc3339)
    return .succeeded(outputs: .object(outputs))
  }

  /// Where the content comes to.
  private func place(of volume: Volume, _ arguments: StepArguments, _ step: StepContext) async throws -> Place {
    if let folder = try arguments.string("scratch"), !folder.isEmpty {
      return .scratch(try await services.scratch(in: folder, for: volume, step))
    }
    if let target = volume.json["target"]?.string { return .folder(target) }
    guard volume.source.driver != Dump.driver else {
      throw StepFailure(
        .permanent, "\(volume.title) is a dump, which is nowhere in place: give a target, or use restore-stream")
    }
    // Points of before say that a device is an image.
    guard [.image, .device].contains(volume.exportKind) else { return .folder(volume.source.path) }
    return try await BlockingPool.shared.run { try volume.placeOfImage() }
  }
}

/// Where a volume comes back to.
private enum Place {
  /// Into this folder; an image becomes a file in it.
  case folder(String)
  /// The same, for a look only.
  case scratch(String)
  /// Onto this block device.
  case device(String)
  /// As this file of a folder, whose others are none of ours.
  case file(String, in: String)

  /// The folder, or the device.
  var path: String {
    switch self {
    case .folder(let path), .scratch(let path), .device(let path), .file(_, in: let path): path
    }
  }

  var file: String? {
    if case .file(let name, in: _) = self { name } else { nil }
  }

  var isScratch: Bool {
    if case .scratch = self { true } else { false }
  }

  var isDevice: Bool {
    if case .device = self { true } else { false }
  }
}

extension Volume {
  /// What its export holds; nil if the point doesn't tell.
  fileprivate var exportKind: ExportKind? { json["kind"]?.string.flatMap(ExportKind.init) }

  /// Where an image comes back to in place: onto the device that is there, or as a file where one is or was.
  fileprivate func placeOfImage() throws(StepFailure) -> Place {
    var status = stat()
    if stat(source.path, &status) == 0, status.st_mode & S_IFMT == S_IFBLK { return .device(source.path) }
    var isFile = false
    if lstat(source.path, &status) == 0 {
      isFile = status.st_mode & S_IFMT == S_IFREG
    } else {
      // A device's name may be gone for now: a file of that name would be taken for it by nobody.
      isFile = errno == ENOENT && source.driver != "exec" && !source.path.hasPrefix("/dev/")
    }
    guard isFile else {
      throw StepFailure(
        .permanent,
        "\(title): its export is an image, and \(source.path) is neither a file nor a block device that it could come back to: make the device first, or give a target"
      )
    }
    let folders = source.path.split(separator: "/").dropLast()
    let file = ExportSource.path(of: source, isImage: true).last ?? source.name
    return .file(file, in: "/" + folders.joined(separator: "/"))
  }
}

extension VolumeRestore.Numbers {
  var json: JSONValue {
    [
      "files": .int(Int64(files)), "bytes": .int(Int64(bytes)), "verifiedBytes": .int(Int64(verifiedBytes)),
      "finding": .string(finding ?? ""),
    ]
  }

  init(json: JSONValue?) {
    files = Int(json?["files"]?.int ?? 0)
    bytes = Int(json?["bytes"]?.int ?? 0)
    verifiedBytes = Int(json?["verifiedBytes"]?.int ?? 0)
    finding = json?["finding"]?.string
  }
}
