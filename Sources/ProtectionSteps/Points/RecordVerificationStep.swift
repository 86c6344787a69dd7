import JSON
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `record-verification`: writes to a restore point how a restore drill went, and how long a recovery takes.
struct RecordVerificationStep: StepKind {
  static let signature = StepSignature(
    "record-verification", "Writes down how the restore drill of a point went",
    inputs: [
      .required("point", .text, "the point"),
      .optional("restores", .anything, "the outputs of the restore-volume steps"),
      .optional("failure", .text, "why the drill failed"),
    ],
    outputs: [
      OutputField("recoverySeconds", .number, "the longest of its volumes' restores, which run beside each other"),
      OutputField("bytes", .integer, "bytes that were read back and are right"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let point = try arguments.requiredString("point")
    let restores = arguments.value("restores")?.array ?? []
    let failure = try arguments.string("failure").flatMap { $0.isEmpty ? nil : $0 }
    let seconds = restores.compactMap { $0["seconds"]?.double }.max() ?? 0
    let bytes = restores.compactMap { $0["verifiedBytes"]?.int }.reduce(0, +)
    try await services.asking { () async throws(StoreError) in
      try await services.points.verified(
        point, ok: failure == nil, recovery: failure == nil ? .seconds(seconds) : nil, message: failure)
    }
    return .succeeded(outputs: ["recoverySeconds": .double(seconds), "bytes": .int(bytes)])
  }
}
