internal import CommandSyntax
internal import Concurrency
internal import PostgresClient
internal import StepEngine

/// `holdfast scheduler`
enum SchedulerCommand {
  static let name = Option<String?>.optional(
    "--name", .text("NAME"), default: "the host's name and the process id",
    "The scheduler's name, as the status shows it")
  static let tick = Option<Duration>.value(
    "--tick", .seconds(0.1...3600), default: .seconds(1), "The longest time between two looks at the schedules")

  static let command = Command(
    name: "scheduler",
    summary: "Fire the schedules of policies, until told to stop",
    discussion: [
      "Any number of schedulers may run: each slot fires once. Workers take part in this as well, so a scheduler of "
        + "its own is needed only where they run with --no-scheduler."
    ],
    options: [name.description, tick.description],
    examples: [Example(purpose: "A scheduler that looks every second", line: "holdfast scheduler --tick 1")],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let scheduler = Scheduler(
      database: try PostgresConfiguration(arguments.databaseURL()), name: ProcessIdentity.name(arguments[name]),
      tick: arguments[tick], logger: arguments.logger())
    ignoreBrokenPipes()
    try await runUntilSignalled(terminationSignals(), grace: .seconds(10), drain: { scheduler.drain() }) {
      try await scheduler.run()
    }
  }
}
