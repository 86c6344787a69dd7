import JSON
import StepEngine
import WorkflowDSL

/// `fail`: fails on purpose, to try out workflows.
///
/// `with`: `message`, `class` (`retryable` if not given, `permanent`, `throttled`), `after` (for `throttled`),
/// `times` (that many attempts fail, later ones succeed; all fail if not given).
struct FailStep: StepKind {
  static let signature = StepSignature(
    "fail", "Fails on purpose, to try out workflows",
    inputs: [
      .optional("message", .text, default: "failed as asked", "what it says"),
      .optional(
        "class", .choice(["retryable", "permanent", "throttled"]), default: "retryable", "whether it is tried again"),
      .optional("after", .duration, "when to come back, for throttled"),
      .optional("times", .integer(0...1_000_000), "how many attempts fail; later ones succeed. All, if it isn't given"),
    ])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let kind: StepFailure.Class =
      switch try arguments.choice("class", ["retryable", "permanent", "throttled"]) {
      case "permanent": .permanent
      case "throttled": .throttled(after: try arguments.duration("after"))
      default: .retryable
      }
    if let times = try arguments.integer("times", in: 0...1_000_000), step.attempt > times {
      return .succeeded(outputs: nil)
    }
    throw StepFailure(kind, try arguments.string("message") ?? "failed as asked")
  }
}
