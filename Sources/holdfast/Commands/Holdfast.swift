internal import CommandSyntax

extension Program {
  /// The `holdfast` program: its commands by topic, in the order in which one meets them.
  static let holdfast: Program = Program(
    name: "holdfast",
    version: "0.1.0",
    summary:
      "Holdfast keeps the data of stateful applications safe: backup workflows that carry on after any failure, kept in PostgreSQL.",
    options: GlobalOptions.all,
    topics: [documents, runs, policies, operation, tools],
    exitCodes: [.ok, .failed, .usage, .notFound, .databaseUnreachable, .runCancelled],
    environment: [
      ("NO_COLOR", "If it is set and not empty, nothing is coloured"),
      ("PGPASSFILE, PGSERVICEFILE", "Where PostgreSQL's own files for passwords and services are, for the database"),
    ],
    optionForURLs: GlobalOptions.database.description.name,
    exitCodeForError: exitCode(forStoreError:))
}

// One command a line: whoever adds one touches one line.
extension Program {
  private static let documents: Topic = Topic(
    "Documents",
    [])

  private static let runs: Topic = Topic(
    "Runs",
    [])

  private static let policies: Topic = Topic(
    "Policies and schedules",
    [])

  private static let operation: Topic = Topic(
    "Operation",
    [
      UpCommand.command,
      DoctorCommand.command,
      SQLCommand.command,
      MigrateCommand.command,
      WorkerCommand.command,
      SchedulerCommand.command,
      BenchCommand.command,
    ])

  private static let tools: Topic = Topic(
    "This program",
    [
      CompletionCommand.command(name: "holdfast", of: { .holdfast }),
      ManualCommand.command(name: "holdfast", of: { .holdfast }),
    ])
}
