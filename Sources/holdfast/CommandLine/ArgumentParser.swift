internal import Wording

/// What a command line asks for.
enum Invocation: Sendable {
  /// The help of a command, or of the program.
  case help(Command?)
  case version
  case run(Command, ParsedArguments)
}

/// Understands a command line by the program's description.
///
/// Options may stand before and after the command, as `--name value` or `--name=value`; `--` ends them.
struct ArgumentParser {
  let program: Program
  /// The value of an environment variable.
  var environment: (String) -> String? = { _ in nil }

  /// Parses the arguments that follow the program's name.
  /// - Throws: `UsageError` with one sentence, and the nearest name for one that is unknown.
  func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
    var rest = arguments[...]
    var command: Command?
    var parsed = ParsedArguments()
    var wantsHelp = false
    var optionsEnded = false

    do throws(UsageError) {
      while let argument = rest.popFirst() {
        if !optionsEnded, argument == "--" {
          optionsEnded = true
        } else if !optionsEnded, argument.hasPrefix("-"), argument != "-" {
          let option = try readOption(argument, of: command, rest: &rest, into: &parsed)
          if option.name == GlobalOptions.version.description.name { return .version }
          wantsHelp = wantsHelp || option.name == GlobalOptions.help.description.name
          if wantsHelp, command != nil { break }
        } else if command == nil {
          if argument == "help", program.commands.allSatisfy({ $0.name != "help" }) {
            wantsHelp = true
          } else {
            command = try findCommand(argument)
            if wantsHelp { break }
          }
        } else {
          parsed.operands.append(argument)
        }
      }
      if wantsHelp { return .help(command) }
      guard let command else { throw UsageError(message: "no command is given") }
      try check(&parsed, of: command)
      return .run(command, parsed)
    } catch {
      throw UsageError(message: error.message, command: command?.name)
    }
  }

  private func findCommand(_ name: String) throws(UsageError) -> Command {
    if let command = program.commands.first(where: { $0.name == name }) { return command }
    let nearest = nearestNames(to: name, among: program.commands.map(\.name))
    let hint = nearest.isEmpty ? "" : "; did you mean \(alternatives(nearest))?"
    throw UsageError(message: "unknown command \(quotedArgument(name))\(hint)")
  }

  /// Reads one option, and its value from `rest` if it takes one.
  private func readOption(
    _ argument: String, of command: Command?, rest: inout ArraySlice<String>, into parsed: inout ParsedArguments
  ) throws(UsageError) -> OptionDescription {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let options = program.options + (command?.options ?? [])
    guard let option = options.first(where: { [$0.name, $0.short, $0.offName].contains(name) }) else {
      throw unknownOption(name, of: command, options)
    }
    let before = parsed.texts[option.name]?.last
    guard let placeholder = option.placeholder else {
      if parts.count > 1 { throw UsageError(message: "option '\(name)' takes no value") }
      let text = name == option.offName ? flagOff : flagOn
      if let before, before != text, let offName = option.offName {
        throw UsageError(message: "options '\(option.name)' and '\(offName)' exclude each other")
      }
      parsed.add(text, to: option)
      return option
    }
    if before != nil, !option.isRepeatable { throw UsageError(message: "option '\(option.name)' is given twice") }
    let missing = UsageError(message: "option '\(name)' needs a value: \(placeholder)")
    if parts.count > 1 {
      if parts[1].isEmpty { throw missing }
      parsed.add(String(parts[1]), to: option)
    } else {
      // Another option is no value: `--name --slots 4` lacks one.
      guard let value = rest.first, !value.hasPrefix("--"), !value.isEmpty else { throw missing }
      rest.removeFirst()
      parsed.add(value, to: option)
    }
    return option
  }

  private func unknownOption(_ name: String, of command: Command?, _ options: [OptionDescription]) -> UsageError {
    let nearest = nearestNames(to: name, among: options.flatMap { [$0.name, $0.offName].compactMap(\.self) })
    let shown = quotedForMessage(name.prefix { $0 != ":" })  // what follows a colon may be a password
    if !nearest.isEmpty {
      return UsageError(message: "unknown option \(shown); did you mean \(alternatives(nearest))?")
    }
    let owners = program.commands.filter { $0.options.contains { $0.name == name || $0.offName == name } }.map(\.name)
    if owners.isEmpty { return UsageError(message: "unknown option \(shown)") }
    let advice = command.map { "; '\($0.name)' does not take it" } ?? "; write it after the command"
    return UsageError(message: "option '\(name)' belongs to \(alternatives(owners))\(advice)")
  }

  /// Takes what is not given from the environment, and checks every value.
  private func check(_ parsed: inout ParsedArguments, of command: Command) throws(UsageError) {
    for option in program.options + command.options {
      guard let texts = parsed.texts[option.name] else {
        guard let variable = option.environment, let text = environment(variable), !text.isEmpty else { continue }
        do throws(UsageError) {
          try option.check([text])
        } catch {
          throw UsageError(message: "environment variable \(variable): \(error.message)")
        }
        parsed.add(text, to: option)
        continue
      }
      try option.check(texts)
    }
    let count = parsed.operands.count
    let allowed = command.operand?.count ?? 0...0
    if count < allowed.lowerBound, let operand = command.operand {
      throw UsageError(message: "\(operand.placeholder) is missing")
    }
    if count > allowed.upperBound {
      throw UsageError(message: "unexpected argument \(quotedArgument(parsed.operands[allowed.upperBound]))")
    }
  }

  /// An argument in quotes; of a URL, which may hold a password, only that it is one.
  private func quotedArgument(_ text: String) -> String {
    text.contains("://")
      ? "(a URL); write it after '\(GlobalOptions.database.description.name)'" : quotedForMessage(text)
  }
}
