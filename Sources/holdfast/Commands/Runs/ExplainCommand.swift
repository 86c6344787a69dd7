internal import CommandSyntax
internal import Terminal

/// `holdfast explain`
enum ExplainCommand {
  static let run = Operand<String>.required(
    .text("RUN", completion: .runs), "The run, as other commands take it, or RUN/STEP")
  static let step = Operand<String?>.optional(
    .text("STEP", completion: .steps), "A step of it, a group, or a step of a group, which means all its instances")

  static let command = Command(
    name: "explain",
    summary: "Say in sentences why a run or a step waits, what it does, or why it failed",
    discussion: [
      "Follows the needs of a step down to what really is in the way, says who holds it and since when, and names the command "
        + "that would help."
    ],
    operands: [run.description, step.description],
    examples: [
      Example(purpose: "Why the run that was started last does not go on", line: "holdfast explain latest"),
      Example(purpose: "What a step waits for", line: "holdfast explain latest record"),
    ],
    run: { arguments in
      let reader = RunReader(pool: try arguments.pool())
      var (name, stepName) = (arguments[run], arguments[step])
      if stepName == nil, let slash = name.firstIndex(of: "/") {
        stepName = String(name[name.index(after: slash)...])
        name = String(name[..<slash])
      }
      let id = try await reader.find(RunReference(text: name))
      let explanation = try await explain(id, stepName, reader)
      let style = arguments.style
      writeText(explanation.lines(width: style.width).map { $0.text(style) + "\n" }.joined())
    })

  /// The explanation of a run, or of a step of it.
  static func explain(_ id: Int64, _ stepName: String?, _ reader: RunReader) async throws -> Explanation {
    let wish = RunReader.Wish(everyStep: true, limit: RunReader.everything)
    guard let snapshot = try await reader.snapshot(of: id, wish) else { throw RunReader.isGone(id) }
    guard let stepName else {
      let facts = try await reader.facts(about: snapshot, focus: Explainer.firstFailure(of: snapshot))
      return Explainer(snapshot, facts).explainRun()
    }
    switch try StepChoice(stepName, in: snapshot) {
    case .one(let step):
      let explainer = Explainer(snapshot, ExplainFacts())
      let facts = try await reader.facts(about: snapshot, focus: explainer.focus(of: step))
      return Explainer(snapshot, facts).explain(step)
    case .instances(let steps):
      let facts = try await reader.facts(about: snapshot, focus: nil)
      return Explainer(snapshot, facts).explain(instances: steps, named: stepName)
    }
  }
}
