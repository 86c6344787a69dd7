internal import Glibc
internal import Terminal

/// `completion`, for any program: `completion bash` prints a script.
package enum CompletionCommand {
  static let shell = Operand<Shell>.required(.choice("SHELL"), "The shell that is to complete")
  static let words = Operand<[String]>.repeated(
    ValueType(placeholder: "WORD", expectation: "a word", parse: { $0 }, text: { $0 }), isOptional: true,
    "The words after the program's name, the last one unfinished")

  /// The command of a program called `name`, which is made when it is needed.
  package static func command(name: String, of program: @escaping @Sendable () -> Program) -> Command {
    Command(
      name: "completion",
      summary: "Print what a shell needs to complete command lines",
      discussion: [
        "With it the shell completes commands, options and their values, names of files, and names of what is in the "
          + "database, if that can be reached."
      ],
      operands: [shell.description],
      subcommands: [
        Command(
          name: "candidates", summary: "Print what could stand in the place of the last word",
          operands: [words.description],
          examples: [Example(purpose: "What follows a command", line: "\(name) completion candidates -- completion b")],
          isHidden: true
        ) { arguments in
          let answer = await Completer(
            program: program(), environment: { getenv($0).map { String(cString: $0) } }
          ).answer(arguments[words])
          writeText(answer.lines.map { $0 + "\n" }.joined())
        }
      ],
      examples: [
        Example(
          purpose: "For bash, in this and every later shell",
          line: "\(name) completion bash > ~/.local/share/bash-completion/completions/\(name)"),
        Example(purpose: "For zsh, in a folder of $fpath", line: "\(name) completion zsh > ~/.zfunc/_\(name)"),
        Example(purpose: "For fish", line: "\(name) completion fish > ~/.config/fish/completions/\(name).fish"),
      ]
    ) { arguments in
      writeText(program().completionScript(for: arguments[shell]))
    }
  }
}
