/// The help of a program or of one of its commands, as text.
struct HelpPage {
  let program: Program
  let style: TextStyle

  /// The program's own page.
  func page() -> String {
    var lines = wrap(program.summary, width: style.width)
    section("USAGE", ["  \(program.name) COMMAND [OPTIONS]"], &lines)
    section("COMMANDS", twoColumns(program.commands.map { ($0.name, $0.summary) }, width: style.width), &lines)
    section("OPTIONS OF EVERY COMMAND", rows(program.options), &lines)
    let codes = ExitCode.allCases.map { (term: "\($0.rawValue)", meaning: $0.summary) }
    section("EXIT CODES", twoColumns(codes, width: style.width), &lines)
    lines += [""] + wrap("'\(program.name) COMMAND --help' tells more about a command.", width: style.width)
    return lines.joined(separator: "\n") + "\n"
  }

  /// A command's page.
  func page(of command: Command) -> String {
    var lines = wrap(command.summary, width: style.width)
    var usage = "  \(program.name) \(command.name)"
    if !command.options.isEmpty { usage += " [OPTIONS]" }
    if let operand = command.operand {
      let text = operand.placeholder + (operand.count.upperBound > 1 ? "…" : "")
      usage += operand.count.lowerBound == 0 ? " [\(text)]" : " \(text)"
    }
    section("USAGE", [usage], &lines)
    for paragraph in command.discussion { lines += [""] + wrap(paragraph, width: style.width) }
    if let operand = command.operand {
      section("ARGUMENTS", twoColumns([(operand.placeholder, operand.summary)], width: style.width), &lines)
    }
    if !command.options.isEmpty { section("OPTIONS", rows(command.options), &lines) }
    section("OPTIONS OF EVERY COMMAND", rows(program.options), &lines)
    if !command.examples.isEmpty {
      let examples = command.examples.enumerated().flatMap { index, example in
        (index == 0 ? [] : [""]) + ["  \(example.purpose):", "    \(example.line)"]
      }
      section("EXAMPLES", examples, &lines)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ title: String, _ content: [String], _ lines: inout [String]) {
    lines += ["", style.bold(title)] + content
  }

  private func rows(_ options: [OptionDescription]) -> [String] {
    twoColumns(options.map { (term(of: $0), meaning(of: $0)) }, width: style.width)
  }

  private func term(of option: OptionDescription) -> String {
    let names = [option.short, option.name, option.offName].compactMap(\.self).joined(separator: ", ")
    return option.placeholder.map { "\(names) \($0)" } ?? names
  }

  private func meaning(of option: OptionDescription) -> String {
    var notes: [String] = []
    if !option.choices.isEmpty { notes.append(option.choices.joined(separator: ", ")) }
    if option.isRepeatable { notes.append("may be repeated") }
    if let text = option.environment.map({ "$" + $0 }) ?? option.defaultText { notes.append("default: \(text)") }
    return notes.isEmpty ? option.summary : "\(option.summary) (\(notes.joined(separator: "; ")))"
  }
}
