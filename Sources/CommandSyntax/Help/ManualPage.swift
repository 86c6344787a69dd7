internal import Terminal

extension Program {
  /// The manual page, in the form that `man` reads (roff with the man macros).
  package var manualPage: String {
    var page = ManualPage()
    page.request("TH", [name.uppercased(), "1", "", "\(name) \(version)", "\(name) manual"])
    page.section("NAME")
    page.text("\(name) \\- \(roff(firstSentence))", isRoff: true)
    page.section("SYNOPSIS")
    page.text("\\fB\(roff(name))\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]", isRoff: true)
    page.section("DESCRIPTION")
    page.text(summary)
    for topic in topics where !topic.commands.allSatisfy(\.isHidden) {
      page.section(topic.title.uppercased())
      for path in topic.commands.flatMap({ CommandPath($0).all }) where !path.commands.contains(where: \.isHidden) {
        page.command(path, of: self)
      }
    }
    page.section("OPTIONS OF EVERY COMMAND")
    for option in options { page.entry(page.term(of: option), option.meaning) }
    page.section("EXIT STATUS")
    for code in exitCodes { page.entry("\\fB\(code.rawValue)\\fR", code.summary) }
    page.section("ENVIRONMENT")
    for option in options {
      for variable in option.environment { page.entry("\\fB\(roff(variable))\\fR", option.summary) }
    }
    for (variable, summary) in environment { page.entry("\\fB\(roff(variable))\\fR", summary) }
    return page.lines.joined(separator: "\n") + "\n"
  }

  private var firstSentence: String { String(summary.prefix { $0 != ":" && $0 != "." }) }
}

/// A page as it grows.
private struct ManualPage {
  var lines: [String] = []

  mutating func request(_ name: String, _ arguments: [String]) {
    lines.append(".\(name) " + arguments.map { "\"\(roff($0))\"" }.joined(separator: " "))
  }

  mutating func section(_ title: String) { request("SH", [title]) }

  mutating func text(_ text: String, isRoff: Bool = false) {
    let text = isRoff ? text : roff(text)
    // A line that begins with a dot or a quote would be a request.
    lines.append(text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text)
  }

  mutating func entry(_ term: String, _ meaning: String) {
    lines.append(".TP")
    text(term, isRoff: true)
    text(meaning + ".")
  }

  mutating func command(_ path: CommandPath, of program: Program) {
    let command = path.command
    request("SS", ["\(program.name) \(path.name)"])
    for usage in HelpPage(program: program, style: TextStyle()).usage(of: path) {
      text("\\fB\(roff(usage))\\fR", isRoff: true)
      lines.append(".br")
    }
    lines.append(".PP")
    text(command.summary + ".")
    for paragraph in command.discussion {
      lines.append(".PP")
      text(paragraph)
    }
    for operand in command.operands { entry("\\fI\(roff(operand.usage))\\fR", operand.summary) }
    for option in command.options + command.sharedOptions { entry(term(of: option), option.meaning) }
    if !command.exitCodes.isEmpty {
      lines.append(".PP")
      text("It and its commands end with these codes:")
      for code in command.exitCodes { entry("\\fB\(code.rawValue)\\fR", code.summary) }
    }
    for example in command.examples {
      lines.append(".PP")
      text(example.purpose + ":")
      lines += [".PP", ".nf", ".RS 4"]
      text(example.line)
      lines += [".RE", ".fi"]
    }
  }

  func term(of option: OptionDescription) -> String {
    option.term(name: { "\\fB\(roff($0))\\fR" }, value: { "\\fI\(roff($0))\\fR" })
  }
}

/// Plain text for roff: backslashes and hyphens stand for themselves.
private func roff(_ text: String) -> String {
  text.reduce(into: "") { result, character in
    switch character {
    case "\\": result += "\\e"
    case "-": result += "\\-"
    case "\"": result += "\\(dq"
    case "'": result += "\\(aq"
    default: result.append(character)
    }
  }
}

/// `man`, for any program: prints its manual page.
package enum ManualCommand {
  /// The command of a program called `name`, which is made when it is needed.
  package static func command(name: String, of program: @escaping @Sendable () -> Program) -> Command {
    Command(
      name: "man", summary: "Print the manual page",
      examples: [
        Example(purpose: "Read it", line: "\(name) man | man -l -"),
        Example(purpose: "Install it", line: "\(name) man > /usr/local/share/man/man1/\(name).1"),
      ]
    ) { _ in writeText(program().manualPage) }
  }
}
