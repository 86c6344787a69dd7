internal import CommandSyntax

extension Program {
  /// The `holdfast` program: its commands by topic, in the order in which one meets them.
  static let holdfast = Program(
    name: "holdfast",
    version: "0.1.0",
    summary:
      "Holdfast keeps the data of stateful applications safe: backup workflows that carry on after any failure, kept in PostgreSQL.",
    options: GlobalOptions.all,
    topics: [documents, runs, policies, operation, tools],
    exitCodes: [.ok, .failed, .usage, .notFound, .databaseUnreachable, .runCancelled],
    optionForURLs: GlobalOptions.database.description.name,
    exitCodeForError: exitCode(forStoreError:))
}

// One command a line: whoever adds one touches one line.
extension Program {
  private static let documents = Topic(
    "Documents",
    [])

  private static let runs = Topic(
    "Runs",
    [])

  private static let policies = Topic(
    "Policies and schedules",
    [])

  private static let operation = Topic(
    "Operation",
    [
      MigrateCommand.command,
      WorkerCommand.command,
      SchedulerCommand.command,
      BenchCommand.command,
    ])

  private static let tools = Topic(
    "This program",
    [])
}
