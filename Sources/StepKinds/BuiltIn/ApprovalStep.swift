import JSON
import StepEngine
import WorkflowDSL

/// `approval`: parks the step until somebody sends it its signal, `approval/STEP`: one approval never answers two questions.
///
/// `with`: `message`, what people are asked. The signal's payload may hold `approvedBy` and `comment`, which become the
/// outputs, and `approved: false`, which fails the step for good.
struct ApprovalStep: StepKind {
  static let signature = StepSignature(
    "approval", "Waits until somebody approves: holdfast approve RUN",
    inputs: [.optional("message", .text, "what people are asked")],
    outputs: [
      OutputField("approvedBy", .string, "who approved"), OutputField("comment", .string, "what they said"),
    ])

  let name = signature.kind

  /// What a step of this name waits for.
  static func signal(for step: String) -> String { "approval/" + step }

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let message = try arguments.string("message")
    guard let signal = step.signal else {
      let reason = "waits for approval" + (message.map { ": " + $0 } ?? "")
      return .wait(StepWait(signal: Self.signal(for: step.name), reason: reason))
    }
    let comment = signal["comment"]?.string
    switch signal["approved"] {
    case nil, .bool(true):
      return .succeeded(outputs: ["approvedBy": signal["approvedBy"] ?? .null, "comment": signal["comment"] ?? .null])
    case .bool(false):
      let person = signal["approvedBy"]?.string.map { " by " + $0 } ?? ""
      throw StepFailure(.permanent, "approval: refused\(person)" + (comment.map { ": " + $0 } ?? ""))
    default:
      // Whoever wrote "no" did not mean yes.
      throw StepFailure(.permanent, "approval: the signal's 'approved' must be true or false; nothing was approved")
    }
  }
}
