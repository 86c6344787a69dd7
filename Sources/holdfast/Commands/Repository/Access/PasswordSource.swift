internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import ResticRepository
internal import Terminal

/// Where a repository's password comes from. Never from the arguments: any user of the machine can list those.
enum PasswordSource: Equatable {
  /// What a shell command prints.
  case command(String)
  /// What a file holds.
  case file(String)
  /// What this environment variable holds.
  case variable(String)
  /// What is typed.
  case terminal
}

extension PasswordSource {
  /// Whether what names it is the command line (0), one of Holdfast's variables (1) or one of restic's (2).
  private typealias Ranked = (source: PasswordSource, rank: Int)

  /// What the options and the environment say: the command line counts first, then Holdfast's variables, then restic's.
  /// - Throws: `CommandFailure` if both a file and a command are named in the same way.
  init(_ arguments: ParsedArguments, environment: (String) -> String?) throws(CommandFailure) {
    var found: [Ranked] = []
    if let command = arguments[RepositoryOptions.passwordCommand] {
      found.append((.command(command), variableRank(arguments.variable(of: RepositoryOptions.passwordCommand))))
    }
    if let file = arguments[RepositoryOptions.passwordFile] {
      found.append((.file(file), variableRank(arguments.variable(of: RepositoryOptions.passwordFile))))
    }
    if found.count == 2, found[0].rank == found[1].rank {
      throw CommandFailure(.usage, "both a password file and a password command are given; leave one out")
    }
    // Of the same rank, a file or a command counts more than a variable that may have been left over.
    if let name = ["HOLDFAST_PASSWORD", "RESTIC_PASSWORD"].first(where: { environment($0).map { !$0.isEmpty } ?? false }
    ) {
      found.append((.variable(name), variableRank(name)))
    }
    self =
      found.enumerated().min { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }?.element.source
      ?? .terminal
  }

  /// The password.
  /// - Parameters:
  ///   - question: what a terminal shows.
  ///   - isNew: it is typed twice then.
  func password(_ question: String, isNew: Bool = false) async throws -> Password {
    let bytes: [UInt8]
    let origin: String
    switch self {
    case .file(let path):
      bytes = try await readSmallFile(path, "password file").trimmed
      origin = "the password file \(path)"
    case .command(let command):
      bytes = try await Self.output(of: command).trimmed
      origin = "what the password command prints"
    case .variable(let name):
      bytes = getenv(name).map { Array(String(cString: $0).utf8) } ?? []
      origin = name
    case .terminal:
      bytes = try await PasswordPrompt.ask(question, twice: isNew)
      origin = "the password"
    }
    guard !bytes.isEmpty else {
      throw CommandFailure(.failed, "\(origin) is empty; a repository needs a password")
    }
    return Password(bytes)
  }

  /// Runs the command in a shell. It may ask for something: on the terminal, and by what it says to standard error.
  private static func output(of command: String) async throws -> [UInt8] {
    var child = ChildProcess("/bin/sh", ["-c", command], environment: ownVariables())
    child.sharesGroup = isInForeground
    child.errorDescriptor = STDERR_FILENO
    let outcome: ChildProcess.Outcome
    do {
      outcome = try await child.run()
    } catch {
      throw CommandFailure(.failed, "the password command can't be run: \(error)")
    }
    switch outcome.ending {
    case .exited(0):
      guard outcome.output.droppedBytes == 0 else {
        throw CommandFailure(.failed, "the password command prints more than any password has")
      }
      return outcome.output.first + outcome.output.last
    case .exited(let code): throw CommandFailure(.failed, "the password command failed with exit code \(code)")
    case .signalled(let number): throw CommandFailure(.failed, "the password command was ended by signal \(number)")
    case .stopped: throw CancellationError()
    }
  }
}
