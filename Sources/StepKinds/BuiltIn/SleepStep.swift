import StepEngine
import WorkflowDSL

/// `sleep`: parks the step for `duration`, without holding a slot.
struct SleepStep: StepKind {
  static let signature = StepSignature(
    "sleep", "Waits for a length of time, without holding a slot",
    inputs: [.required("duration", .duration, "how long, such as 30s or 5m")])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    guard let length = try arguments.duration("duration") else {
      throw arguments.failure("duration", mustBe: DurationText.expectation)
    }
    // Woken means that the time is over.
    if step.wakeCount > 0 || length == .zero { return .succeeded(outputs: nil) }
    return .wait(StepWait(wakeAfter: length, reason: "sleeps for \(secondsText(length))"))
  }
}
