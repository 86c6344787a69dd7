import StepEngine

/// `sleep`: parks the step for `seconds`, without holding a slot.
struct SleepStep: StepKind {
  let name = "sleep"

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: name, keys: ["seconds"])
    guard let length = try arguments.duration("seconds") else {
      throw arguments.failure("seconds", mustBe: "a number of seconds")
    }
    // Woken means that the time is over.
    if step.wakeCount > 0 || length == .zero { return .succeeded(outputs: nil) }
    return .wait(StepWait(wakeAfter: length, reason: "sleeps for \(secondsText(length))"))
  }
}
