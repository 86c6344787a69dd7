import StepEngine

/// `fail`: fails on purpose, to try out workflows.
///
/// `with`: `message`, `class` (`retryable` if not given, `permanent`, `throttled`), `afterSeconds` (for `throttled`),
/// `times` (that many attempts fail, later ones succeed; all fail if not given).
struct FailStep: StepKind {
  let name = "fail"

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: name, keys: ["message", "class", "afterSeconds", "times"])
    let kind: StepFailure.Class =
      switch try arguments.choice("class", ["retryable", "permanent", "throttled"]) {
      case "permanent": .permanent
      case "throttled": .throttled(after: try arguments.duration("afterSeconds"))
      default: .retryable
      }
    if let times = try arguments.integer("times", in: 0...1_000_000), step.attempt > times {
      return .succeeded(outputs: nil)
    }
    throw StepFailure(kind, try arguments.string("message") ?? "failed as asked")
  }
}
