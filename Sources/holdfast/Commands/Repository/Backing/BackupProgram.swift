internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import Terminal

/// A program whose output is backed up as it comes. It has to succeed, or there is no snapshot: a dump that broke off must not
/// be taken for a whole one.
enum BackupProgram {
  /// Runs the program, and `body` with a descriptor to read what it writes. That comes to its end only once the program has
  /// succeeded; if it fails, `body` is cancelled first.
  /// - Parameters:
  ///   - command: the program and its arguments, at least the first.
  ///   - onLine: gets what it writes to standard error.
  /// - Throws: `CommandFailure` if the program fails; what `body` throws.
  static func run<Result: Sendable>(
    _ command: [String], onLine: @escaping @Sendable (String) -> Void,
    _ body: @escaping @Sendable (CInt) async throws -> Result
  ) async throws -> Result {
    guard let pipe = PipeEnds() else {
      throw CommandFailure(.failed, "no pipe could be made for the program: \(String(cString: strerror(errno)))")
    }
    var child = ChildProcess(command[0], Array(command.dropFirst()), environment: ownVariables())
    // It may ask for a password.
    child.sharesGroup = isInForeground
    return try await pipe.transfer { [child] output in
      var child = child
      child.outputDescriptor = output
      try await child.runToSuccess(onLine)
    } to: { input in
      try await body(input)
    }
  }
}

extension ChildProcess {
  /// - Throws: `CommandFailure` if it fails by itself; `CancellationError` if it was ended.
  fileprivate func runToSuccess(_ onLine: @escaping @Sendable (String) -> Void) async throws {
    func failure(_ why: String) -> CommandFailure { CommandFailure(.failed, "\(why), so no snapshot was made") }
    let outcome: Outcome
    do { outcome = try await run { _, line in onLine(line) } } catch { throw failure("\(error)") }
    switch outcome.ending {
    case .exited(0): return
    case .exited(let code): throw failure("\(program) failed with exit code \(code)")
    case .signalled(let number): throw failure("\(program) was ended by signal \(number)")
    case .stopped: throw CancellationError()
    }
  }
}

/// The variables of our environment, for programs that are run.
func ownVariables() -> [String: String] {
  var variables: [String: String] = [:]
  var next = environ
  while let entry = next.pointee {
    let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
    next += 1
  }
  return variables
}
