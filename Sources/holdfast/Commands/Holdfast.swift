internal import CommandSyntax

extension Program {
  /// The `holdfast` program: its commands by topic, in the order in which one meets them.
  static let holdfast: Program = Program(
    name: "holdfast",
    version: "0.1.0",
    summary:
      "Holdfast keeps the data of stateful applications safe: backup workflows that carry on after any failure, kept in PostgreSQL.",
    options: GlobalOptions.all,
    topics: [documents, runs, policies, points, repositories, operation, tools],
    exitCodes: [.ok, .failed, .usage, .notFound, .databaseUnreachable, .runCancelled, .interrupted],
    environment: [
      ("NO_COLOR", "If it is set and not empty, nothing is coloured"),
      ("PGPASSFILE, PGSERVICEFILE", "Where PostgreSQL's own files for passwords and services are, for the database"),
    ],
    optionForURLs: GlobalOptions.database.description.name,
    exitCodeForError: exitCode(forError:))
}

// One command a line: whoever adds one touches one line.
extension Program {
  private static let documents: Topic = Topic(
    "Documents",
    [
      ValidateCommand.command,
      PlanCommand.command,
      ApplyCommand.command,
      DiffCommand.command,
      GetCommand.command,
      DescribeCommand.command,
      DeleteCommand.command,
      SchemaCommand.command,
    ])

  private static let runs: Topic = Topic(
    "Runs",
    [
      SubmitCommand.command,
      RunsCommand.command,
      ShowCommand.command,
      WatchCommand.command,
      LogsCommand.command,
      ExplainCommand.command,
      ApproveCommand.command,
      SignalCommand.command,
      RetryCommand.command,
      CancelCommand.command,
      EventsCommand.command,
    ])

  private static let policies: Topic = Topic(
    "Policies and schedules",
    [
      PolicyCommand.command,
      PoliciesCommand.command,
      ScheduleCommand.command,
    ])

  private static let points: Topic = Topic(
    "Restore points",
    [
      PointsCommand.command,
      RestorePointCommand.command,
      BrowseCommand.command,
      VerifyCommand.command,
      ImportCommand.command,
    ])

  private static let repositories: Topic = Topic(
    "Repositories",
    [
      RepositoryCommand.command
    ])

  private static let operation: Topic = Topic(
    "Operation",
    [
      UpCommand.command,
      DoctorCommand.command,
      DriverCommand.command,
      SQLCommand.command,
      MigrateCommand.command,
      WorkerCommand.command,
      SchedulerCommand.command,
      WorkersCommand.command,
      LimitsCommand.command,
      PauseCommand.command,
      ResumeCommand.command,
      LedgerCommand.command,
      LedgerCommand.formerName,
      BenchCommand.command,
    ])

  private static let tools: Topic = Topic(
    "This program",
    [
      CompletionCommand.command(name: "holdfast", of: { .holdfast }),
      ManualCommand.command(name: "holdfast", of: { .holdfast }),
    ])
}
