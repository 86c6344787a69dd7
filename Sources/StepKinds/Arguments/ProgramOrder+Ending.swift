package import Concurrency
package import StepEngine

extension ProgramOrder {
  /// What the end of the program means for its step; nil if all is well. The last line of its errors is the reason.
  /// - Parameters:
  ///   - subject: whose program it is, the first word of the message.
  ///   - okExitCodes: what means success.
  ///   - permanentExitCodes: after which it is of no use to try again. 126 and 127 always are: that is how shells say that there is no
  ///     such program, or that it can't be run.
  /// - Throws: `CancellationError` if it was ended because the step was cancelled.
  package func failure(
    of outcome: ChildProcess.Outcome, _ subject: String, okExitCodes: [Int] = [0], permanentExitCodes: [Int] = []
  ) throws -> StepFailure? {
    let kind: StepFailure.Class
    let what: String
    switch outcome.ending {
    case .stopped(.cancelled): throw CancellationError()
    case .exited(let code) where okExitCodes.contains(code): return nil
    case .stopped(.timeLimit):
      (kind, what) = (
        .retryable, "did not end within \(child.timeLimit.map(secondsText) ?? "its time") and was stopped"
      )
    case .signalled(let number): (kind, what) = (.retryable, "was ended by signal \(number)")
    case .exited(let code):
      kind = permanentExitCodes.contains(code) || code == 126 || code == 127 ? .permanent : .retryable
      what = "ended with exit code \(code)"
    }
    // A secret that was cut would not be found any more.
    let lastLine = secrets.hidden(in: outcome.error).split(whereSeparator: \.isNewline)
      .last { !$0.allSatisfy(\.isWhitespace) }
    let reason = lastLine.map { ": \($0.prefix(500))" } ?? ""
    return StepFailure(kind, "\(subject): '\(child.program)' \(what)\(reason)")
  }

  /// Runs the program as `child` says; what it prints goes to the step's log, without secrets.
  /// - Parameter subject: whose program it is, for messages.
  /// - Throws: `StepFailure` if it could not be started.
  package func run(_ subject: String, _ step: StepContext) async throws -> ChildProcess.Outcome {
    do {
      return try await child.run { [secrets] _, line in step.log(secrets.hidden(inLine: storable(line))) }
    } catch {
      throw StepFailure(error.isRetryable ? .retryable : .permanent, "\(subject): \(error)")
    }
  }
}
