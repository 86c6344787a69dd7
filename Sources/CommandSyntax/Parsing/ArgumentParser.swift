internal import Wording

/// What a command line asks for.
package enum Invocation: Sendable {
  /// The help of a command, or of the program.
  case help(CommandPath?)
  case version
  case run(CommandPath, ParsedArguments)
}

/// Understands a command line by the program's description.
///
/// Options may stand before and after the command, as `--name value`, `--name=value`, `-n value` or `-nvalue`; `--`
/// ends them.
package struct ArgumentParser {
  let program: Program
  /// The value of an environment variable.
  let environment: (String) -> String?

  /// A parser for the program.
  package init(program: Program, environment: @escaping (String) -> String? = { _ in nil }) {
    self.program = program
    self.environment = environment
  }

  /// Parses the arguments that follow the program's name.
  /// - Throws: `UsageError` with one sentence, and the nearest name for one that is unknown.
  package func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    var rest = arguments[...]
    var path: CommandPath?
    var parsed = ParsedArguments()
    var operands: [String] = []
    var optionsEnded = false

    do throws(UsageError) {
      while let argument = rest.popFirst() {
        if !optionsEnded, argument == "--" {
          optionsEnded = true
        } else if !optionsEnded, argument.hasPrefix("-"), argument != "-" {
          let option = try readOption(argument, of: path, rest: &rest, into: &parsed)
          if option.name == StandardOptions.version.description.name { return .version }
          if option.name == StandardOptions.help.description.name { return .help(try helpTopic(path, rest)) }
        } else if let group = path {
          if operands.isEmpty, !optionsEnded, let next = try findCommand(argument, in: group) {
            path = group.appending(next)
          } else {
            operands.append(argument)
          }
        } else if argument == "help", program.commands.allSatisfy({ $0.name != "help" }) {
          return .help(try helpTopic(nil, rest))
        } else {
          path = CommandPath(try findCommand(argument))
        }
      }
      guard let path else { throw UsageError(message: "no command is given") }
      guard path.command.run != nil else {
        let names = path.command.subcommands.filter { !$0.isHidden }.map(\.name)
        throw UsageError(message: "'\(path.name)' needs one of its commands: \(alternatives(names))")
      }
      try check(&parsed, of: path)
      try assign(operands, of: path.command, to: &parsed)
      return .run(path, parsed)
    } catch {
      throw UsageError(message: error.message, command: path?.name)
    }
  }

  /// The command whose help is wanted, from the words before and after `--help`; all but names of commands is let be.
  private func helpTopic(_ before: CommandPath?, _ rest: ArraySlice<String>) throws(UsageError) -> CommandPath? {
    var path = before
    for word in rest where !word.hasPrefix("-") {
      guard let group = path else {
        path = CommandPath(try findCommand(word))
        continue
      }
      guard let next = group.command.subcommands.first(where: { $0.name == word }) else { break }
      path = group.appending(next)
    }
    return path
  }

  private func findCommand(_ name: String) throws(UsageError) -> Command {
    if let command = program.commands.first(where: { $0.name == name }) { return command }
    throw UsageError(
      message: "unknown command \(quotedArgument(name))" + hint(name, among: program.commands.map(\.name)))
  }

  /// The group's command of this name; nil if the word is an operand.
  private func findCommand(_ name: String, in group: CommandPath) throws(UsageError) -> Command? {
    let command = group.command
    if let found = command.subcommands.first(where: { $0.name == name }) { return found }
    if command.subcommands.isEmpty || !command.operands.isEmpty { return nil }
    let names = command.subcommands.filter { !$0.isHidden }.map(\.name)
    let nearest = hint(name, among: names)
    let advice = nearest.isEmpty ? "; '\(group.name)' has \(alternatives(names))" : nearest
    throw UsageError(message: "unknown command \(quotedArgument(name)) of '\(group.name)'\(advice)")
  }

  private func hint(_ name: String, among names: [String]) -> String {
    let nearest = nearestNames(to: name, among: names)
    return didYouMean(nearest)
  }

  // MARK: - Options

  /// Reads one option, and its value from `rest` if it takes one.
  private func readOption(
    _ argument: String, of path: CommandPath?, rest: inout ArraySlice<String>, into parsed: inout ParsedArguments
  ) throws(UsageError) -> OptionDescription {
    let options = program.options + (path?.commands.flatMap { $0.options + $0.sharedOptions } ?? [])
    let (name, attached) = split(argument, options)
    guard let option = options.first(where: { $0.names.contains(name) }) else {
      throw unknownOption(name, of: path, options)
    }
    let before = parsed.texts[option.name]?.last
    guard let placeholder = option.placeholder else {
      if attached != nil { throw UsageError(message: "option '\(name)' takes no value") }
      let text = name == option.offName ? flagOff : flagOn
      if let before, before != text, let offName = option.offName {
        throw UsageError(message: "options '\(option.name)' and '\(offName)' exclude each other")
      }
      parsed.add(text, to: option)
      return option
    }
    if attached == nil, option.valueIsOptional, before == "" { return option }
    if before != nil, !option.isRepeatable { throw UsageError(message: "option '\(option.name)' is given twice") }
    if attached == nil, option.valueIsOptional {
      parsed.add("", to: option)
      return option
    }
    let missing = UsageError(message: "option '\(name)' needs a value: \(placeholder)")
    if let attached {
      if attached.isEmpty, !option.takesNothing { throw missing }
      parsed.add(String(attached), to: option)
    } else {
      // Another option is no value: `--name --slots 4` lacks one.
      guard let value = rest.first, !value.hasPrefix("--"), !value.isEmpty || option.takesNothing else { throw missing }
      rest.removeFirst()
      parsed.add(value, to: option)
    }
    return option
  }

  /// An option's name, and its value if that is attached: `--name=value`, `-n=value`, `-nvalue`.
  private func split(_ argument: String, _ options: [OptionDescription]) -> (name: String, value: Substring?) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let short = String(argument.prefix(2))
    if parts[0].count > 2, options.contains(where: { $0.short == short && $0.placeholder != nil }) {
      return (short, argument.dropFirst(2))
    }
    return (String(parts[0]), parts.count > 1 ? parts[1] : nil)
  }

  private func unknownOption(_ name: String, of path: CommandPath?, _ options: [OptionDescription]) -> UsageError {
    let nearest = hint(name, among: options.flatMap { [$0.name, $0.offName].compactMap(\.self) })
    let shown = quotedForMessage(name.prefix { $0 != ":" })  // what follows a colon may be a password
    if !nearest.isEmpty { return UsageError(message: "unknown option \(shown)\(nearest)") }
    let owners = program.allCommands.filter { path in
      (path.command.options + path.command.sharedOptions).contains { $0.names.contains(name) }
    }.map(\.name)
    if owners.isEmpty { return UsageError(message: "unknown option \(shown)") }
    if let path { return foreignOption(name, owners, path) }
    return UsageError(message: "option '\(name)' belongs to \(alternatives(owners)); write it after the command")
  }

  private func foreignOption(_ name: String, _ owners: [String], _ path: CommandPath) -> UsageError {
    UsageError(message: "option '\(name)' belongs to \(alternatives(owners)); '\(path.name)' does not take it")
  }

  /// Takes what is not given from the environment, and checks every value.
  private func check(_ parsed: inout ParsedArguments, of path: CommandPath) throws(UsageError) {
    let options = program.options + path.sharedOptions + path.command.options
    for group in path.commands.dropLast() {
      let foreign = group.options.first { option in
        parsed.texts[option.name] != nil && !options.contains { $0.name == option.name }
      }
      if let foreign { throw foreignOption(foreign.name, [group.name], path) }
    }
    for option in options {
      guard let texts = parsed.texts[option.name] else {
        guard let (variable, text) = option.value(in: environment) else { continue }
        do throws(UsageError) {
          try option.check([text])
        } catch {
          throw UsageError(message: "environment variable \(variable): \(error.message)")
        }
        parsed.add(text, to: option, from: variable)
        continue
      }
      try option.check(texts)
    }
  }

  // MARK: - Operands

  private func assign(
    _ texts: [String], of command: Command, to parsed: inout ParsedArguments
  ) throws(UsageError) {
    var rest = texts[...]
    for operand in command.operands {
      let taken = operand.isRepeatable ? rest : rest.prefix(1)
      rest = rest.dropFirst(taken.count)
      if taken.isEmpty, !operand.isOptional { throw UsageError(message: "\(operand.placeholder) is missing") }
      try operand.check(Array(taken))
      parsed.set(Array(taken), of: operand)
    }
    if let extra = rest.first { throw UsageError(message: "unexpected argument \(quotedArgument(extra))") }
  }

  /// An argument in quotes; of a URL, which may hold a password, only that it is one.
  private func quotedArgument(_ text: String) -> String {
    guard text.contains("://") else { return quotedForMessage(text) }
    return "(a URL)" + (program.optionForURLs.map { "; write it after '\($0)'" } ?? "")
  }
}
