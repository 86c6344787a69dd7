internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import Terminal

/// `holdfast watch`
enum WatchCommand {
  static let command = Command(
    name: "watch",
    summary: "Watch a run until it is over",
    discussion: [
      "On a terminal the picture of 'holdfast show' is drawn anew in its place; anywhere else each change is a line, on "
        + "standard error with -o json, yaml or name. Where the terminal is too low for all steps, those that failed, run or "
        + "wait are shown first.",
      "Ends with the run: with 0 if it succeeded, 1 if it failed, 5 if it was cancelled. Ctrl-C ends the watching alone, "
        + "with 130; the run goes on. A database that does not answer is asked again until it does.",
    ],
    operands: [RunReference.operand.description],
    examples: [
      Example(purpose: "Watch the run that was started last", line: "holdfast watch latest"),
      Example(purpose: "Go on only if a run succeeds", line: "holdfast watch nightly && echo succeeded"),
    ],
    run: { arguments in
      let reader = RunReader(pool: try arguments.pool())
      let id = try await reader.find(arguments[RunReference.operand])
      try await follow(id, reader, arguments)
    })

  /// Watches a run to its end.
  /// - Throws: `CommandFailure` if it doesn't end well, or the watching doesn't end with it.
  static func follow(_ id: Int64, _ reader: RunReader, _ arguments: ParsedArguments) async throws {
    ignoreBrokenPipes()
    let style = arguments.style
    let isForPeople = arguments[GlobalOptions.output] == .table
    // A terminal that cannot move the cursor gets lines.
    let isLive =
      isForPeople && style.columns != nil && getenv("TERM").map { String(cString: $0) } ?? "dumb" != "dumb"
    var watch = RunWatch(reader: reader, run: id, style: style, isLive: isLive)
    if !isForPeople { watch.lineStream = STDERR_FILENO }
    let end = try await watch.follow()
    switch end {
    case .gone: throw RunReader.isGone(id)
    case .interrupted:
      // The terminal has written ^C there.
      if isLive { writeText("\r\u{1B}[K") }
      throw CommandFailure(
        .interrupted, "stopped watching; the run goes on: '\(Advice(run: id).watch)' watches it again")
    case .over(let state):
      guard let snapshot = try await reader.snapshot(of: id, RunReader.Wish()) else { throw RunReader.isGone(id) }
      if isLive { writeText(try await ShowCommand.page(snapshot, reader, style)) }
      let advice = "'\(Advice(run: id).explain)' tells why"
      switch state {
      case .failed: throw CommandFailure(.failed, "run \(id) failed; \(advice)")
      case .cancelled: throw CommandFailure(.runCancelled, "run \(id) was cancelled; \(advice)")
      case .running, .cancelling, .undoing, .succeeded: break
      }
    }
  }
}

extension ExitCode {
  /// Ctrl-C, as shells count it.
  static let interrupted = ExitCode(130, "interrupted with Ctrl-C")
}
