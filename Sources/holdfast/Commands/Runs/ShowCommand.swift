internal import CommandSyntax
internal import JSON
internal import Terminal

/// `holdfast show`
enum ShowCommand {
  static let all = Option<Bool>.flag("--all", "Show every step of every item of groups, and what was before a retry")
  static let outputs = Option<Bool>.flag("--outputs", "Show what steps put out")

  static let command = Command(
    name: "show",
    summary: "Show a run: its steps in order, what each does, and why it waits or failed",
    discussion: [
      "Groups are one line with the number of their items in each state; below it stand the steps that run, wait or "
        + "have failed. --all shows the others, too.",
      "With --output json or yaml it is a document with every step, under keys that stay.",
    ],
    options: [all.description, outputs.description],
    operands: [RunReference.operand.description],
    examples: [
      Example(purpose: "The last run that was started", line: "holdfast show latest"),
      Example(
        purpose: "The steps that failed, for a script",
        line: #"holdfast show latest -o json | jq -r '.steps[] | select(.state == "failed") | .name'"#),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let reader = RunReader(pool: try arguments.pool())
    let id = try await reader.find(arguments[RunReference.operand])
    let format = arguments[GlobalOptions.output]
    let isDocument = format == .json || format == .yaml
    var wish = RunReader.Wish()
    if isDocument || arguments[all] {
      wish.everyStep = true
      wish.limit = RunReader.everything
    }
    guard let snapshot = try await reader.snapshot(of: id, wish) else { throw RunReader.isGone(id) }
    let outputs = arguments[outputs] ? try await reader.outputs(of: id) : nil
    let style = arguments.style
    switch format {
    case .json, .yaml: writeText(documentText(snapshot.document(outputs: outputs), as: format, style: style))
    case .name: writeText("\(id)\n")
    case .table:
      let text = try await page(snapshot, reader, style, showsAll: arguments[all], outputs: outputs ?? [:])
      writeText(text)
    }
  }

  /// The page about a run; of one that failed also why, and what to do next.
  static func page(
    _ snapshot: RunSnapshot, _ reader: RunReader, _ style: TextStyle, showsAll: Bool = false,
    outputs: [Int64: JSONValue] = [:]
  ) async throws -> String {
    var drawing = RunDrawing(columns: style.columns)
    let tree = RunTree(snapshot: snapshot, showsAll: showsAll, outputs: outputs)
    var lines = drawing.header(snapshot, at: snapshot.now)
    lines += [drawing.progress(snapshot.run.steps), StyledLine()] + drawing.tree(tree.lines(at: snapshot.now))
    if snapshot.run.state == .failed {
      let failure = Explainer.firstFailure(of: snapshot)
      let facts = try await reader.facts(about: snapshot, focus: failure, lines: 5)
      let explainer = Explainer(snapshot, facts)
      var text = Explanation()
      if let failure { explainer.explainFailure(of: failure, &text) }
      text.say("Once the cause is gone, this repeats what did not succeed:")
      text.command(explainer.advice.retry)
      lines += [StyledLine()] + text.lines(width: style.width)
    }
    return lines.map { $0.text(style, columns: style.columns) + "\n" }.joined()
  }
}
