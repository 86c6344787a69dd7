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
    // As long as we hold it, too, the output has no end.
    defer { pipe.writing.close() }
    var child = ChildProcess(command[0], Array(command.dropFirst()), environment: ownVariables())
    child.outputDescriptor = pipe.writing.number
    // It may ask for a password.
    child.sharesGroup = isInForeground
    let program = Task { [child] in try await child.run { _, line in onLine(line) } }
    let backup = Task {
      defer { pipe.reading.close() }
      do {
        return try await body(pipe.reading.number)
      } catch {
        program.cancel()
        throw error
      }
    }
    return try await withTaskCancellationHandler {
      let failure = failure(of: await program.result, command[0])
      if failure == nil { pipe.writing.close() } else { backup.cancel() }
      let result = await backup.result
      // If the program was ended, it was because the backup failed.
      if let failure, failure.isItsOwn {
        try Task.checkCancellation()
        throw failure.error
      }
      return try result.get()
    } onCancel: {
      backup.cancel()
      program.cancel()
    }
  }

  /// Why the program has not succeeded, and whether that is by itself; nil if it has.
  private static func failure(
    of result: Result<ChildProcess.Outcome, any Error>, _ name: String
  ) -> (error: CommandFailure, isItsOwn: Bool)? {
    let why: String
    switch result.map(\.ending) {
    case .success(.exited(0)): return nil
    case .success(.exited(let code)): why = "\(name) failed with exit code \(code)"
    case .success(.signalled(let number)): why = "\(name) was ended by signal \(number)"
    case .success(.stopped): return (CommandFailure(.failed, "\(name) was stopped"), false)
    case .failure(let error): why = "\(error)"
    }
    return (CommandFailure(.failed, "\(why), so no snapshot was made"), true)
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
