/// Says what could stand in the place of the last, unfinished word of a command line.
///
/// Shells ask it at every press of the key, so it must be quick, and mistakes in the line before are let be.
package struct Completer {
  let program: Program
  /// The value of an environment variable.
  let environment: (String) -> String?

  /// A completer for the program.
  package init(program: Program, environment: @escaping (String) -> String? = { _ in nil }) {
    self.program = program
    self.environment = environment
  }

  /// One word that could stand there.
  package struct Candidate: Sendable, Equatable {
    /// The word.
    package var text: String
    /// What it means, for shells that show it.
    package var summary: String
  }

  /// What could stand there.
  package struct Answer: Sendable, Equatable {
    /// Words, in the order of the help.
    package var candidates: [Candidate] = []
    /// Whether names of files could, too.
    package var offersFiles = false

    /// An answer.
    package init(candidates: [Candidate] = [], offersFiles: Bool = false) {
      self.candidates = candidates
      self.offersFiles = offersFiles
    }

    /// A line for each candidate, with its summary after a tab, and `:file` if files could stand there.
    package var lines: [String] {
      candidates.map { "\($0.text)\t\($0.summary)" } + (offersFiles ? [":file"] : [])
    }
  }

  /// What could stand in the place of the last of `words`, the words that follow the program's name.
  package func answer(_ words: [String]) async -> Answer {
    let unfinished = words.last ?? ""
    let line = read(words.dropLast())
    if let option = line.openOption {
      // bash makes words of their own of "=" and what stands around it.
      return await answer(to: unfinished == "=" ? "" : unfinished, for: option, line.arguments)
    }
    if !line.optionsEnded, unfinished.hasPrefix("-"), unfinished != "-" || line.path != nil {
      guard let equals = unfinished.firstIndex(of: "="), unfinished.hasPrefix("--") else {
        return Answer(candidates: options(line).filter { $0.text.hasPrefix(unfinished) })
      }
      let name = String(unfinished[..<equals])
      guard let option = options(of: line.path).first(where: { $0.name == name }) else { return Answer() }
      var answer = await answer(to: String(unfinished[equals...].dropFirst()), for: option, line.arguments)
      answer.candidates = answer.candidates.map { Candidate(text: "\(name)=\($0.text)", summary: $0.summary) }
      answer.offersFiles = false
      return answer
    }
    return await word(unfinished, line)
  }

  // MARK: - What stands before

  /// A line up to its last word.
  private struct Line {
    var path: CommandPath?
    var arguments = ParsedArguments()
    var operandCount = 0
    /// An option whose value comes next.
    var openOption: OptionDescription?
    var optionsEnded = false
  }

  private func read(_ words: ArraySlice<String>) -> Line {
    var line = Line()
    for word in words {
      if let option = line.openOption {
        if word == "=" { continue }
        line.arguments.add(word, to: option)
        line.openOption = nil
      } else if !line.optionsEnded, word == "--" {
        line.optionsEnded = true
      } else if !line.optionsEnded, word.hasPrefix("-"), word != "-" {
        readOption(word, &line)
      } else if let next = subcommands(of: line).first(where: { $0.name == word }) {
        line.path = line.path?.appending(next) ?? CommandPath(next)
      } else if let operands = line.path?.command.operands {
        if line.operandCount < operands.count { line.arguments.set([word], of: operands[line.operandCount]) }
        line.operandCount += 1
      }
    }
    return line
  }

  private func readOption(_ word: String, _ line: inout Line) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let option = options(of: line.path).first(where: { $0.names.contains(parts[0]) }) else { return }
    if parts.count > 1 {
      line.arguments.add(parts[1], to: option)
    } else if option.valueIsOptional {
      line.arguments.add("", to: option)
    } else if option.placeholder == nil {
      line.arguments.add(word == option.offName ? flagOff : flagOn, to: option)
    } else {
      line.openOption = option
    }
  }

  private func subcommands(of line: Line) -> [Command] {
    guard let path = line.path else { return program.commands }
    return line.operandCount == 0 ? path.command.subcommands : []
  }

  private func options(of path: CommandPath?) -> [OptionDescription] {
    path.map { $0.command.options + $0.sharedOptions + program.options } ?? program.options
  }

  // MARK: - What could follow

  private func options(_ line: Line) -> [Candidate] {
    options(of: line.path)
      .filter { $0.isRepeatable || line.arguments.texts[$0.name] == nil }
      .flatMap { option in
        [option.name, option.offName].compactMap(\.self).map { Candidate(text: $0, summary: option.summary) }
      }
  }

  private func word(_ unfinished: String, _ line: Line) async -> Answer {
    var answer = Answer()
    for command in subcommands(of: line) where !command.isHidden && command.name.hasPrefix(unfinished) {
      answer.candidates.append(Candidate(text: command.name, summary: command.summary))
    }
    let operands = line.path?.command.operands ?? []
    let index = min(line.operandCount, operands.count - 1)
    guard index >= 0, line.operandCount < operands.count || operands[index].isRepeatable else { return answer }
    let operand = operands[index]
    let more = await values(unfinished, operand.choices, operand.completion, operand.summary, line.arguments)
    answer.candidates += more.candidates
    answer.offersFiles = more.offersFiles
    return answer
  }

  private func answer(
    to unfinished: String, for option: OptionDescription, _ arguments: ParsedArguments
  ) async -> Answer {
    await values(unfinished, option.choices, option.completion, option.summary, arguments)
  }

  private func values(
    _ unfinished: String, _ choices: [String], _ hint: CompletionHint, _ summary: String, _ arguments: ParsedArguments
  ) async -> Answer {
    var names = choices
    var offersFiles = false
    switch hint {
    case .none: break
    case .file: return Answer(offersFiles: true)
    case .names(let find): names += await find(withEnvironment(arguments))
    case .namesAndFiles(let find):
      names += await find(withEnvironment(arguments))
      offersFiles = true
    }
    return Answer(
      candidates: names.filter { $0.hasPrefix(unfinished) }.map { Candidate(text: $0, summary: summary) },
      offersFiles: offersFiles)
  }

  private func withEnvironment(_ arguments: ParsedArguments) -> ParsedArguments {
    var arguments = arguments
    for option in program.options where arguments.texts[option.name] == nil {
      if let (_, text) = option.value(in: environment) { arguments.add(text, to: option) }
    }
    // Reading a wrong value would be a fault of the program, and while a line is typed anything may be wrong.
    return arguments.keeping { option, texts in
      program.options.first { $0.name == option }.map { (try? $0.check(texts)) != nil } ?? false
    }
  }
}
