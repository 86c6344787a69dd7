import Cryptography
import FailPoints
import JSON
import ResticFormat
import ResticRepository
import Restore
import StepEngine
import StepKinds
import Synchronization
import VolumeDrivers
import WorkflowDSL

/// `restore-stream`: gives a dump of a restore point to a program on its standard input, without a copy on the disk.
///
/// The program sees the end of its input only after all of it, as long as this worker lives: it should take the data in one
/// transaction, or notice by itself when they break off. Another attempt gives it everything again.
struct RestoreStreamStep: ProtectionStepKind {
  static let signature = StepSignature(
    "restore-stream", "Streams a dump of a restore point into a program",
    inputs: [
      .required("volume", .map(keys: .any, values: .anything), "the dump, as choose-point puts it out"),
      .required("profile", .text, "the profile of the export"),
    ] + StreamProgram.inputs,
    outputs: [
      OutputField("volume", .string, "the dump's name"),
      OutputField("bytes", .integer, "bytes that the program has read"),
      OutputField("seconds", .number, "how long it took"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let start = ContinuousClock.now
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    guard let export = volume.json["fromExport"]?.string.flatMap({ FileID($0) }) else {
      throw StepFailure(
        .permanent, "\(volume.title): it does not say what it comes back from; take it from choose-point")
    }
    let program = try await StreamProgram(arguments, step)
    let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
    failPoint("restore.begun")
    return try await StepOutcome.usingRepository(of: profile) {
      let bytes = try await services.sessions.use(profile) { repository, _ in
        try await stream(export, of: volume, from: repository, into: program, step)
      }
      failPoint("restore.done")
      return .succeeded(outputs: [
        "volume": .string(volume.source.name), "bytes": .int(Int64(bytes)),
        "seconds": .double((.now - start) / .seconds(1)),
      ])
    }
  }

  private func stream(
    _ export: FileID, of volume: Volume, from repository: Repository, into program: StreamProgram, _ step: StepContext
  ) async throws -> Int {
    let snapshot = try await repository.export(export, of: volume).snapshot
    let index = try await repository.loadIndex(cache: services.cache, notice: step.log)
    let path = ExportSource.path(of: volume.source, isImage: true).map { Array($0.utf8) }
    let written = ByteCounter()
    try await reporting(written.transfers(of: snapshot.summary?.totalBytesProcessed ?? 0), to: step) {
      try await program.run { descriptor in
        _ = try await repository.dump(snapshot.tree, path: path, index: index, to: descriptor) { written.add($0) }
      }
    }
    return written.value
  }
}

/// Bytes, counted by one task and asked for by another.
final class ByteCounter: Sendable {
  private let total = Atomic(0)

  var value: Int { total.load(ordering: .relaxed) }

  func add(_ bytes: Int) { total.add(bytes, ordering: .relaxed) }
}
