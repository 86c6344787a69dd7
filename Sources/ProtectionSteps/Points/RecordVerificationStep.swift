import JSON
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `record-verification`: writes to a restore point how a restore drill went, and how long a recovery takes.
///
/// A point is bad only if the data have shown it. A drill that could not be done leaves what is known of the point as it is, and
/// is noted beside it.
struct RecordVerificationStep: ProtectionStepKind {
  static let signature = StepSignature(
    "record-verification", "Writes down how the restore drill of a point went",
    inputs: [
      .required("point", .text, "the point"),
      .optional("restores", .anything, "the outputs of the restore-volume steps"),
      .optional("looks", .anything, "the outputs of the hooks that looked at the copies"),
      .optional("failure", .text, "why the drill could not be done"),
      .optional(
        "findings", .boolean, default: false,
        "whether restores and looks put out what speaks against the data ('drill'); if not, any failure does"),
    ],
    outputs: [
      OutputField("verdict", .string, "good, bad, or unknown if the drill could not be done"),
      OutputField("message", .string, "the same in a sentence, with what was found"),
      OutputField("recoverySeconds", .number, "from the start of its first restore to the end of its last one"),
      OutputField("bytes", .integer, "bytes that were read back and are right"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let point = try arguments.requiredString("point")
    let restores = arguments.value("restores")?.array ?? []
    let failure = try arguments.string("failure").flatMap { $0.isEmpty ? nil : $0 }
    var verdict = DrillVerdict(
      restores: restores, looks: arguments.value("looks")?.array ?? [], failure: failure)
    // As a workflow of an older release, or a copy of one, asks for it.
    if let failure, !(arguments.value("findings")?.bool ?? false) { verdict = .bad(failure) }
    let seconds = Self.recoverySeconds(restores)
    let bytes = restores.compactMap { $0["verifiedBytes"]?.int }.reduce(0, +)
    try await services.asking { () async throws(StoreError) in try await note(verdict, of: point, seconds) }
    return .succeeded(outputs: [
      "verdict": .string(verdict.word), "message": .string(verdict.message(of: point)),
      "recoverySeconds": .double(seconds), "bytes": .int(bytes),
    ])
  }

  private func note(_ verdict: DrillVerdict, of point: String, _ seconds: Double) async throws(StoreError) {
    switch verdict {
    case .good: try await services.points.verified(point, ok: true, recovery: .seconds(seconds))
    case .bad(let finding): try await services.points.verified(point, ok: false, message: finding)
    case .unknown(let reason): try await services.points.drillFailed(point, why: reason)
    }
  }

  /// From the first restore's start to the last one's end: volumes that waited for a slot took longer together than the
  /// longest of them.
  static func recoverySeconds(_ restores: [JSONValue]) -> Double {
    let longest = restores.compactMap { $0["seconds"]?.double }.max() ?? 0
    func moments(_ key: String) -> [Snapshot.Moment] {
      restores.compactMap { $0[key]?.string.flatMap { Snapshot.Moment(rfc3339: $0) } }
    }
    guard let first = moments("startedAt").min(), let last = moments("endedAt").max() else { return longest }
    let nanoseconds = Double(last.nanoseconds) - Double(first.nanoseconds)
    // The clocks of nodes may differ.
    return max(longest, Double(last.seconds - first.seconds) + nanoseconds / 1e9)
  }
}
