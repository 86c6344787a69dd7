import Backup
import FailPoints
import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// `export-part`: stores a share of a volume's data; `export`, once all parts are done, joins them without reading again.
struct ExportPartStep: ProtectionStepKind {
  static let signature = StepSignature(
    "export-part", "Stores a share of a volume's data, for 'export' to join",
    inputs: exportInputs + [
      .required("part", .integer(0...999), "which part, from 0 on"),
      .required("parts", .integer(1...1000), "how many there are"),
    ],
    outputs: [OutputField("readBytes", .integer, "bytes that were read")], limits: [NamedLimit.exports])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let source = try exportSource(arguments, step)
    guard let parts = try arguments.integer("parts", in: 1...1000),
      let part = try arguments.integer("part", in: 0...Int64(parts - 1))
    else { throw arguments.failure("part", mustBe: "a number below 'parts'") }
    guard source.isFrozen else {
      throw StepFailure(
        .permanent, "\(name): only a clone can be exported in parts: the volume itself changes meanwhile")
    }
    let profile = try await services.profile(try arguments.requiredString("profile"), log: step.log)
    return try await StepOutcome.usingRepository(of: profile) {
      let progress = BackupProgress()
      let request = try source.request()
      _ = try await services.sessions.use(profile) { repository, lock in
        try await reporting(progress.transfers, to: step) {
          try await exportPart(
            BackupPart(index: part, count: parts), of: request, to: repository, lock: lock, cache: services.cache,
            progress: progress, notice: step.log)
        }
      }
      failPoint("export-part.stored")
      return .succeeded(outputs: ["readBytes": .int(Int64(progress.state.bytesRead))])
    }
  }
}
