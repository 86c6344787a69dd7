/// What the process tells its caller when it ends.
enum ExitCode: Int32, Sendable, CaseIterable {
  /// It did what it was asked to.
  case ok = 0
  /// It tried, and failed.
  case failed = 1
  /// The command line is wrong; nothing was tried.
  case usage = 2
  /// What the command names does not exist.
  case notFound = 3
  /// PostgreSQL could not be reached.
  case databaseUnreachable = 4

  /// What the help says about it.
  var summary: String {
    switch self {
    case .ok: "done"
    case .failed: "failed"
    case .usage: "the command line is wrong"
    case .notFound: "what the command names does not exist"
    case .databaseUnreachable: "PostgreSQL cannot be reached"
    }
  }
}

/// Why a command ended without doing its work: what the user reads, and what the caller gets.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
  var exitCode: ExitCode
  /// One sentence: what failed, why, and what to do next. Never a secret.
  var message: String

  init(_ exitCode: ExitCode, _ message: String) {
    self.exitCode = exitCode
    self.message = message
  }

  var description: String { message }
}

/// A command line that cannot be understood, in one sentence.
struct UsageError: Error, Equatable, CustomStringConvertible {
  var message: String
  /// The command whose help explains more; nil for the program's own.
  var command: String?

  var description: String { message }
}
