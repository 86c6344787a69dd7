package import Terminal

/// The help of a program or of one of its commands, as text.
package struct HelpPage {
  let program: Program
  let style: TextStyle

  /// The help of `program` as it is written to a stream of this style.
  package init(program: Program, style: TextStyle) {
    self.program = program
    self.style = style
  }

  /// The program's own page.
  package func page() -> String {
    var lines = wrap(program.summary, width: style.width)
    section("USAGE", ["  \(program.name) COMMAND [OPTIONS]"], &lines)
    let widest = program.commands.filter { !$0.isHidden }.map(\.name.count).max() ?? 0
    for topic in program.topics {
      let rows = topic.commands.filter { !$0.isHidden }.map { command in
        (term: command.name + String(repeating: " ", count: widest - command.name.count), meaning: command.summary)
      }
      if !rows.isEmpty { section(topic.title.uppercased(), twoColumns(rows, width: style.width), &lines) }
    }
    section("OPTIONS OF EVERY COMMAND", rows(program.options), &lines)
    let codes = program.exitCodes.map { (term: "\($0.rawValue)", meaning: $0.summary) }
    section("EXIT CODES", twoColumns(codes, width: style.width), &lines)
    lines += [""] + wrap("'\(program.name) COMMAND --help' tells more about a command.", width: style.width)
    return lines.joined(separator: "\n") + "\n"
  }

  /// A command's page.
  package func page(of path: CommandPath) -> String {
    let command = path.command
    var lines = wrap(command.summary, width: style.width)
    section("USAGE", usage(of: path).flatMap { indented($0) }, &lines)
    for paragraph in command.discussion { lines += [""] + wrap(paragraph, width: style.width) }
    let subcommands = command.subcommands.filter { !$0.isHidden }
    if !subcommands.isEmpty {
      section("COMMANDS", twoColumns(subcommands.map { ($0.name, $0.summary) }, width: style.width), &lines)
    }
    if !command.operands.isEmpty {
      let rows = command.operands.map { (term: $0.usage, meaning: meaning(of: $0)) }
      section("ARGUMENTS", twoColumns(rows, width: style.width), &lines)
    }
    if !command.options.isEmpty { section("OPTIONS", rows(command.options), &lines) }
    for group in path.commands where !group.sharedOptions.isEmpty {
      let title = "OPTIONS OF EVERY '\(group.name)' COMMAND"
      if group.name == command.name {
        section(title, rows(group.sharedOptions), &lines)
      } else {
        section(title, list(group.sharedOptions, explainedBy: "\(program.name) \(group.name)"), &lines)
      }
    }
    section("OPTIONS OF EVERY COMMAND", list(program.options, explainedBy: program.name), &lines)
    if !command.exitCodes.isEmpty {
      let codes = command.exitCodes.map { (term: "\($0.rawValue)", meaning: $0.summary) }
      section("EXIT CODES", twoColumns(codes, width: style.width), &lines)
    }
    if !command.examples.isEmpty {
      let examples = command.examples.enumerated().flatMap { index, example in
        (index == 0 ? [] : [""]) + ["  \(example.purpose):", "    \(example.line)"]
      }
      section("EXAMPLES", examples, &lines)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The forms of a command's line, without options of every command.
  func usage(of path: CommandPath) -> [String] {
    let command = path.command
    let name = "\(program.name) \(path.name)"
    var forms: [String] = []
    if command.run != nil {
      let options = command.options.isEmpty ? [] : ["[OPTIONS]"]
      forms.append(([name] + options + command.operands.map(\.usage)).joined(separator: " "))
    }
    if !command.subcommands.isEmpty { forms.append("\(name) COMMAND [OPTIONS]") }
    return forms
  }

  private func indented(_ line: String) -> [String] {
    wrap(line, width: style.width - 6).enumerated().map { ($0 == 0 ? "  " : "      ") + $1 }
  }

  private func section(_ title: String, _ content: [String], _ lines: inout [String]) {
    lines += ["", style.bold(title)] + content
  }

  /// Options by name only, and whose help tells more.
  private func list(_ options: [OptionDescription], explainedBy command: String) -> [String] {
    let terms = options.map { $0.term() }.joined(separator: "; ")
    let lines =
      wrap(terms, width: style.width - 2, keepsPhrases: true)
      + wrap("'\(command) --help' tells what they do.", width: style.width - 2)
    return lines.map { "  " + $0 }
  }

  private func rows(_ options: [OptionDescription]) -> [String] {
    twoColumns(options.map { ($0.term(), $0.meaning) }, width: style.width)
  }

  private func meaning(of operand: OperandDescription) -> String {
    operand.choices.isEmpty ? operand.summary : "\(operand.summary) (\(operand.choices.joined(separator: ", ")))"
  }
}

extension OptionDescription {
  /// Its summary, and what there is to know of its values.
  var meaning: String {
    var notes: [String] = []
    if !choices.isEmpty { notes.append(choices.joined(separator: ", ")) }
    if isRepeatable { notes.append("may be repeated") }
    let defaults = environment.map { "$" + $0 } + [defaultText].compactMap(\.self)
    if !defaults.isEmpty { notes.append("default: \(defaults.joined(separator: ", "))") }
    return notes.isEmpty ? summary : "\(summary) (\(notes.joined(separator: "; ")))"
  }
}
