internal import Glibc
internal import Terminal
internal import Wording

extension Program {
  /// Does what the command line asks for, and says how it went.
  ///
  /// Help and version go to standard output, errors to standard error in one line.
  /// - Parameter words: what follows the program's name, as the system hands it over.
  package func run(_ words: [[UInt8]], environment: @escaping (String) -> String?) async -> ExitCode {
    let arguments = words.map { String(decoding: $0, as: UTF8.self) }
    // Help and mistakes have no parsed arguments yet, so the option is looked for among the words.
    let refusesColor = arguments.contains(StandardOptions.noColor.description.name)
    let styleEnvironment = { refusesColor && $0 == "NO_COLOR" ? "1" : environment($0) }
    if arguments.isEmpty {
      // Whoever types the name alone wants to know what there is.
      writeText(
        HelpPage(program: self, style: .forStream(STDERR_FILENO, environment: styleEnvironment)).page(),
        to: STDERR_FILENO)
      return .usage
    }
    do {
      try refuseDamaged(words)
      switch try ArgumentParser(program: self, environment: environment).parse(arguments) {
      case .help(let path):
        let page = HelpPage(program: self, style: .forStream(STDOUT_FILENO, environment: styleEnvironment))
        writeText(path.map(page.page(of:)) ?? page.page(), to: STDOUT_FILENO)
      case .version:
        writeText("\(name) \(version)\n", to: STDOUT_FILENO)
      case .run(let path, let arguments):
        try await path.command.run?(arguments)
      }
      if let code = standardOutputFailure {
        throw CommandFailure(
          .failed,
          "standard output could not be written: \(String(cString: strerror(code))); what it holds is incomplete, though the "
            + "command did its work")
      }
      return .ok
    } catch {
      let style = TextStyle.forStream(STDERR_FILENO, environment: styleEnvironment)
      writeText(style.red("\(name):") + " \(message(for: error))\n", to: STDERR_FILENO)
      return exitCode(for: error)
    }
  }

  /// Text can't hold what is not UTF-8: a path would name another file, to be read or even made.
  private func refuseDamaged(_ words: [[UInt8]]) throws(UsageError) {
    guard let damaged = words.first(where: { String(validating: $0, as: UTF8.self) == nil }) else { return }
    let text = quotedForMessage(String(decoding: damaged, as: UTF8.self))
    throw UsageError(
      message: "\(text) is not UTF-8; name the folder that holds it, for names in a folder may hold any bytes")
  }

  /// What the user reads about an error.
  package func message(for error: any Error) -> String {
    guard let error = error as? UsageError else { return "\(error)" }
    let command = error.command.map { " \($0)" } ?? ""
    return "\(error.message) ('\(name)\(command) --help' tells more)"
  }

  /// What the caller gets for an error.
  package func exitCode(for error: any Error) -> ExitCode {
    switch error {
    case is UsageError: .usage
    case let error as CommandFailure: error.exitCode
    default: exitCodeForError(error) ?? .failed
    }
  }
}
