internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import Terminal

/// Runs a command's work until it ends or a signal asks for its end: then it is cancelled, so that it removes its lock, and
/// waited for. A second signal ends the process at once.
/// - Parameter aftermath: what is left, and what to do, as the end of a sentence.
/// - Throws: what `work` throws; after a signal, `CommandFailure` with the signal's code.
func untilInterrupted<Result: Sendable>(
  _ aftermath: String, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  ignoreBrokenPipes()
  let signals = terminationSignals()
  let task = Task { try await work() }
  let listener = Task { () -> Signal? in
    var first: Signal?
    for await signal in signals {
      if first != nil { _exit(first == .interrupt ? ExitCode.interrupted.rawValue : ExitCode.terminated.rawValue) }
      first = signal
      task.cancel()
    }
    return first
  }
  let outcome = await task.result
  listener.cancel()
  let signal = await listener.value
  guard case .failure(let error) = outcome, let signal else { return try outcome.get() }
  // A fault that was there anyway is worth more than the news that it was interrupted.
  if let failure = error as? CommandFailure, failure.exitCode != .failed { throw failure }
  throw CommandFailure(
    signal == .interrupt ? .interrupted : .terminated,
    "\(signal == .interrupt ? "interrupted" : "ended by a signal"); \(aftermath)")
}
