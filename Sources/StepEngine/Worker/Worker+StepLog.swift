internal import Log

extension Worker {
  /// Logs how an attempt went, with the ids that lead to it: a failure as a warning, anything else for whoever looks closer.
  func note(_ claimed: ClaimedStep, _ body: StepBody?, _ result: StepResult, in logger: Logger) {
    let level: LogLevel = if case .failed = result { .warning } else { .debug }
    guard level >= logger.level else { return }
    let logger = logger.with([
      "run": "\(claimed.step.id.run)", "step": "\(claimed.step.id)", "name": claimed.name,
      "uses": body?.uses ?? "?", "attempt": "\(claimed.attempt)",
    ])
    switch result {
    case .failed(let failure): logger.warning("a step failed", ["class": failure.kind.word, "error": failure.message])
    case .wait(let wait): logger.debug("a step waits", ["reason": wait.reason])
    case .succeeded: logger.debug("a step succeeded")
    case .skipped: logger.debug("a step had nothing to do")
    case .returned: logger.debug("a step goes back")
    case .cancelled: logger.debug("a step was cancelled")
    }
  }
}

extension StepFailure.Class {
  fileprivate var word: String {
    switch self {
    case .retryable: "retryable"
    case .permanent: "permanent"
    case .throttled: "throttled"
    }
  }
}
