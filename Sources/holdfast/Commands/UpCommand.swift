internal import CommandSyntax
internal import Concurrency
internal import EmbeddedPostgres
internal import Log
internal import PostgresClient
internal import ProtectionSteps

/// `holdfast up`
enum UpCommand {
  static let noWorker = Option<Bool>.flag(
    "--no-worker", "Do no steps here: only the database and the schedules, for workers that run beside it")

  static let command = Command(
    name: "up",
    summary: "Run everything on this machine: a PostgreSQL of its own, the schedules and a worker",
    discussion: [
      "The first start makes a PostgreSQL in the data folder, for this machine only: it listens on a unix socket in a "
        + "closed folder, and on no network. Every other command finds it there by itself. PostgreSQL (15 or later) has to "
        + "be installed; root runs it as the user postgres.",
      "On SIGTERM or Ctrl-C the worker takes no more steps and lets the running ones finish within the grace time, then "
        + "PostgreSQL ends. A second signal ends both at once. Nothing is lost in either case, nor by kill -9 or a loss of "
        + "power: a PostgreSQL that goes on alone is taken over by the next 'holdfast up' on the folder.",
      "Settings of PostgreSQL are changed with ALTER SYSTEM. Under systemd, KillMode=mixed leaves the order of the end to "
        + "this command.",
    ],
    options: [
      WorkerCommand.slots.description, WorkerCommand.labels.description, WorkerCommand.name.description,
      WorkerCommand.lease.description, WorkerCommand.grace.description, noWorker.description,
    ],
    examples: [
      Example(purpose: "Everything, with the data in the usual place", line: "holdfast up"),
      Example(
        purpose: "With a folder and a label of its own", line: "holdfast up --data /srv/holdfast --label node=db-1"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    guard !arguments.isGiven(GlobalOptions.database) else {
      throw CommandFailure(
        .usage,
        "'holdfast up' brings a database of its own, and --database or HOLDFAST_DATABASE_URL names another; leave that out, "
          + "or run 'holdfast worker' on it.")
    }
    ignoreBrokenPipes()
    let stop = StopRequests(terminationSignals())
    let logger = arguments.logger()
    await thawStaleFreezes(logger)
    let postgres = try await EmbeddedPostgres.open(try arguments.dataFolder(), logger: logger)
    var database = try PostgresConfiguration(postgres.url)
    database.onNotice = { logger.debug($0.message) }
    let session = UpSession(
      postgres: postgres, database: database,
      worker: arguments[noWorker] ? nil : try WorkerCommand.worker(arguments, on: database),
      scheduler: WorkerCommand.scheduler(arguments, on: database), grace: arguments[WorkerCommand.grace],
      greeting: greeting(postgres, isStandard: try isStandard(postgres.folder)), logger: logger)
    try await session.run(until: stop)
  }

  private static func isStandard(_ folder: DataFolder) throws -> Bool {
    try folder == ParsedArguments().dataFolder()
  }

  /// What a person reads first.
  static func greeting(_ postgres: EmbeddedPostgres, isStandard: Bool) -> String {
    let path = postgres.folder.path
    let export = isStandard ? "" : "  export HOLDFAST_DATA=\(quotedForShell(path))\n"
    return """
      Holdfast is up, on PostgreSQL \(postgres.major). Everything is kept in \(path).
      In another shell:
      \(export)  holdfast submit FILE --wait    run the workflow in a file, and see it through
        holdfast runs                  what runs, what waits and what is over
        holdfast doctor                whether all is well
      Ctrl-C ends it; what is under way then goes on with the next 'holdfast up'.

      """
  }

  private static func quotedForShell(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
