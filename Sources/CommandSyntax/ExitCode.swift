/// What the process tells its caller when it ends.
///
/// A program adds codes of its own as static members, and lists all of them in its description.
package struct ExitCode: Sendable, Hashable {
  /// The number.
  package let rawValue: Int32
  /// What the help says about it.
  package let summary: String

  /// A code and its meaning.
  package init(_ rawValue: Int32, _ summary: String) {
    self.rawValue = rawValue
    self.summary = summary
  }

  /// It did what it was asked to.
  package static let ok = ExitCode(0, "done")
  /// It tried, and failed.
  package static let failed = ExitCode(1, "failed")
  /// The command line is wrong; nothing was tried.
  package static let usage = ExitCode(2, "the command line is wrong")
}

/// Why a command ended without doing its work: what the user reads, and what the caller gets.
package struct CommandFailure: Error, Equatable, CustomStringConvertible {
  /// What the caller gets.
  package var exitCode: ExitCode
  /// One sentence: what failed, why, and what to do next. Never a secret.
  package var message: String

  /// A failure.
  package init(_ exitCode: ExitCode, _ message: String) {
    self.exitCode = exitCode
    self.message = message
  }

  /// The message.
  package var description: String { message }
}

/// A command line that cannot be understood, in one sentence.
package struct UsageError: Error, Equatable, CustomStringConvertible {
  /// The sentence, without its end.
  package var message: String
  /// The command whose help explains more, as it is written: `limits set`; nil for the program's own.
  package var command: String?

  /// An error.
  package init(message: String, command: String? = nil) {
    self.message = message
    self.command = command
  }

  /// The message.
  package var description: String { message }
}
