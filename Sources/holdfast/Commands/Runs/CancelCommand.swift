internal import CommandSyntax
internal import JSON
internal import StepEngine

/// `holdfast cancel`
enum CancelCommand {
  static let reason = Option<String>.value(
    "--reason", .text("TEXT"), default: "cancelled by hand", "Why, as the status shows it")

  static let command = Command(
    name: "cancel",
    summary: "Cancel a run, and undo what it did",
    discussion: [
      "Its waiting steps end, its running ones are stopped, those marked 'always' still run, then everything that has an "
        + "undo is undone. Runs that its steps started are cancelled, too. This returns at once; 'holdfast watch RUN' "
        + "shows how it ends."
    ],
    options: [reason.description],
    operands: [RunReference.operand.description],
    examples: [
      Example(purpose: "Stop the latest run of a workflow", line: "holdfast cancel nightly --reason maintenance")
    ]
  ) { arguments in
    let pool = try arguments.pool()
    let run = try await arguments[RunReference.operand].find(StatusReader(pool: pool))
    guard try await EngineClient(pool: pool).cancel(run.id, reason: arguments[reason]) else {
      throw CommandFailure(.failed, "run \(run.id) of \(run.workflow) is over already: \(run.state).")
    }
    arguments.report(
      "run \(run.id) of \(run.workflow) is being cancelled", name: "\(run.id)",
      ["run": .int(run.id.value), "workflow": .string(run.workflow), "reason": .string(arguments[reason])])
  }
}
