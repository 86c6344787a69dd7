import CommandSyntax

/// A program with one of everything.
enum Sample {
  enum Format: String, Sendable, CaseIterable { case table, json }

  static let database = Option<String?>.optional(
    "--database", .text("URL"), environment: ["SAMPLE_URL"], "Where things are")
  static let format = Option<Format>.value("--output", short: "-o", .choice("FORMAT"), default: .table, "How it looks")
  static let count = Option<Int>.value("--count", short: "-n", .integer(1...100), default: 3, "How many")
  static let all = Option<Bool>.flag("--all", short: "-a", "All of them")
  static let files = Option<[String]>.repeated("--file", short: "-f", .file, "What is read")

  static let name = Operand<String>.required(
    .text("NAME", completion: .names { arguments in ["alpha", "beta \(arguments[database] ?? "")"] }), "Its name")
  static let number = Operand<Int>.required(.integer(0...9).called("NUMBER"), "Its number")
  static let step = Operand<String?>.optional(.text("STEP"), "Only this one")
  static let paths = Operand<[String]>.repeated(.file, "The files")
  static let source = Operand<String>.required(.text("SOURCE", completion: .namesAndFiles { _ in ["known"] }), "It")
  static let later = Operand<String?>.optional(
    .text("LATER", completion: .names { arguments in ["after " + (arguments.given(source) ?? "nothing")] }), "Where to")
  static let folder = Option<String?>.optional(
    "--folder", short: "-r", .file, environment: ["NEW_FOLDER", "OLD_FOLDER"], "Where it is kept")
  static let shape = Operand<Format>.required(.choice("SHAPE"), "Its shape")

  static let program = Program(
    name: "sample", version: "1.2", summary: "Shows what a program can say.",
    options: [
      database.description, format.description, StandardOptions.noColor.description, StandardOptions.help.description,
      StandardOptions.version.description,
    ],
    topics: [
      .init(
        "Things",
        [
          Command(
            name: "limits", summary: "Show the limits", options: [all.description],
            subcommands: [
              Command(
                name: "set", summary: "Set one", options: [count.description],
                operands: [name.description, number.description],
                examples: [Example(purpose: "Set it", line: "sample limits set alpha 3")], run: { _ in }),
              Command(name: "delete", summary: "Delete one", operands: [name.description], run: { _ in }),
            ],
            examples: [Example(purpose: "Show them", line: "sample limits")], run: { _ in }),
          Command(
            name: "policy", summary: "Act on policies",
            subcommands: [
              Command(
                name: "run", summary: "Run one's plan", options: [count.description], operands: [name.description],
                run: { _ in })
            ]),
          Command(
            name: "show", summary: "Show one", options: [count.description],
            operands: [name.description, step.description], run: { _ in }),
        ]),
      .init(
        "Files",
        [
          Command(
            name: "check", summary: "Check files", options: [files.description, count.description],
            operands: [paths.description], run: { _ in }),
          Command(name: "send", summary: "Send it", operands: [source.description, later.description], run: { _ in }),
          Command(
            name: "vault", summary: "Keep things", sharedOptions: [folder.description],
            subcommands: [
              Command(
                name: "put", summary: "Put one in", options: [count.description], operands: [name.description],
                run: { _ in })
            ], exitCodes: [ExitCode(10, "no vault")]),
          Command(name: "draw", summary: "Draw: a [shape]", operands: [shape.description], run: { _ in }),
          Command(name: "secret", summary: "Not shown", isHidden: true, run: { _ in }),
        ]),
    ],
    optionForURLs: "--database")
}

/// What a line of words asks for.
func parse(_ line: String, environment: [String: String] = [:]) throws(UsageError) -> (String, ParsedArguments) {
  let words = line.split(separator: " ").map(String.init)
  switch try ArgumentParser(program: Sample.program, environment: { environment[$0] }).parse(words) {
  case .help(let path): return ("help:" + (path?.name ?? ""), ParsedArguments())
  case .version: return ("version", ParsedArguments())
  case .run(let path, let arguments): return (path.name, arguments)
  }
}
