internal import CommandSyntax
internal import JSON
internal import StepEngine

/// `holdfast retry`
enum RetryCommand {
  static let from = Option<String?>.optional(
    "--from", .text("STEP", completion: .steps), default: "what did not succeed",
    "Repeat this step and everything after it")

  static let command = Command(
    name: "retry",
    summary: "Repeat what did not succeed in a run that is over",
    discussion: [
      "Steps that succeeded stay as they are, with their outputs; failed, omitted, cancelled and undone ones are done "
        + "again, in the same run, and so is a set-up that was taken back since, such as an application's rest."
    ],
    options: [from.description],
    operands: [RunReference.operand.description],
    examples: [
      Example(purpose: "Try the latest run of a policy again", line: "holdfast retry nightly"),
      Example(purpose: "From a step on, also if it succeeded", line: "holdfast retry latest --from export"),
    ]
  ) { arguments in
    let pool = try arguments.pool()
    let run = try await arguments[RunReference.operand].find(StatusReader(pool: pool))
    if let step = arguments[from] {
      // For the nearest names, if there is no such step.
      let wish = RunReader.Wish(everyStep: true, limit: RunReader.everything, needs: false)
      if let snapshot = try await RunReader(pool: pool).snapshot(of: run.id.value, wish) {
        _ = try StepChoice(step, in: snapshot)
      }
    } else if run.state == RunState.succeeded.rawValue {
      throw CommandFailure(
        .failed,
        "run \(run.id) succeeded; name the step to repeat it from: 'holdfast retry \(run.id) --from STEP'")
    }
    let steps = try await EngineClient(pool: pool).retry(run.id, from: arguments[from])
    arguments.report(
      "run \(run.id) of \(run.workflow) is retried: \(steps == 1 ? "1 step" : "\(steps) steps"); "
        + "'\(Advice(run: run.id.value).watch)' shows how it goes",
      name: "\(run.id)",
      ["run": .int(run.id.value), "workflow": .string(run.workflow), "steps": .int(Int64(steps))])
  }
}
