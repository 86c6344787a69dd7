internal import CommandSyntax
internal import JSON
internal import StepEngine
internal import Terminal

/// `holdfast cancel`
enum CancelCommand {
  static let reason = Option<String>.value(
    "--reason", .text("TEXT"), default: "cancelled by hand", "Why, as the status shows it")

  static let givesUp = Option<Bool>.flag(
    "--give-up",
    "Also end undos and steps marked 'always' that no living worker can do: what they should have undone stays")

  static let command = Command(
    name: "cancel",
    summary: "Cancel a run, and undo what it did",
    discussion: [
      "Its waiting steps end, its running ones are stopped, those marked 'always' still run, then everything that has an "
        + "undo is undone. Runs that its steps started are cancelled, too. This returns at once; 'holdfast watch RUN' "
        + "shows how it ends.",
      "A step bound to a node that is gone for good would hold its run up for ever, if it runs always or undoes something: a "
        + "hook that resumes an application, say. --give-up ends such steps, now or later, also of a run that failed and "
        + "undoes what it did; steps whose node has a living worker are not touched.",
    ],
    options: [reason.description, givesUp.description],
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
    var members: [String: JSONValue] = [
      "run": .int(run.id.value), "workflow": .string(run.workflow), "reason": .string(arguments[reason]),
    ]
    var note = ""
    if arguments[givesUp] {
      let count = try await EngineClient(pool: pool).giveUp(run.id)
      members["givenUp"] = .int(Int64(count))
      note = "; \(countText(count, "step")) that no living worker can do \(count == 1 ? "was" : "were") given up"
    }
    let state = run.state == RunState.undoing.rawValue ? "undoes what it did already" : "is being cancelled"
    arguments.report("run \(run.id) of \(run.workflow) \(state)\(note)", name: "\(run.id)", .object(members))
  }
}
