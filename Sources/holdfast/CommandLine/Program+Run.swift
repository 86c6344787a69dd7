internal import Glibc
internal import PostgresClient
internal import StepEngine

extension Program {
  /// Does what the command line asks for, and says how it went.
  ///
  /// Help and version go to standard output, errors to standard error in one line.
  func run(_ arguments: [String], environment: @escaping (String) -> String?) async -> ExitCode {
    do {
      switch try ArgumentParser(program: self, environment: environment).parse(arguments) {
      case .help(let command):
        let page = HelpPage(program: self, style: .forStream(STDOUT_FILENO, environment: environment))
        write(command.map(page.page(of:)) ?? page.page(), to: STDOUT_FILENO)
      case .version:
        write("\(name) \(version)\n", to: STDOUT_FILENO)
      case .run(let command, let arguments):
        try await command.run(arguments)
      }
      return .ok
    } catch {
      let style = TextStyle.forStream(STDERR_FILENO, environment: environment)
      write(style.red("\(name):") + " \(message(for: error))\n", to: STDERR_FILENO)
      return exitCode(for: error)
    }
  }

  /// What the user reads about an error.
  func message(for error: any Error) -> String {
    guard let error = error as? UsageError else { return "\(error)" }
    let command = error.command.map { " \($0)" } ?? ""
    return "\(error.message) ('\(name)\(command) --help' tells more)"
  }

  func exitCode(for error: any Error) -> ExitCode {
    switch error {
    case is UsageError: .usage
    case let error as CommandFailure: error.exitCode
    case let error as StoreError: exitCode(for: error)
    case let error as PostgresError: exitCode(for: StoreError(error))
    default: .failed
    }
  }

  private func exitCode(for error: StoreError) -> ExitCode {
    switch error.kind {
    case .unreachable, .outcomeUnknown, .full: .databaseUnreachable
    case .notFound: .notFound
    default: .failed
    }
  }
}

/// Writes all of a text; a reader that has gone away is no error.
private func write(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return }
    bytes = bytes.dropFirst(count)
  }
}
