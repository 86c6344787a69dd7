extension Program {
  /// The `holdfast` program: its commands, in the order in which one meets them.
  static let holdfast = Program(
    name: "holdfast",
    version: "0.1.0",
    summary:
      "Holdfast keeps the data of stateful applications safe: backup workflows that carry on after any failure, kept in PostgreSQL.",
    options: GlobalOptions.all,
    commands: [
      MigrateCommand.command,
      WorkerCommand.command,
      SchedulerCommand.command,
      BenchCommand.command,
    ])
}
