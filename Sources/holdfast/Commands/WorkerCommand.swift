internal import CommandSyntax
internal import Concurrency
internal import Log
internal import PostgresClient
internal import ProtectionSteps
internal import StepEngine
internal import StepKinds

/// `holdfast worker`
enum WorkerCommand {
  static let name = Option<String?>.optional(
    "--name", .text("NAME"), default: "the host's name and the process id", "The worker's name, as the status shows it")
  static let slots = Option<Int>.value("--slots", .integer(1...1000), default: 16, "How many steps are done at a time")
  static let labels = Option<[Label]>.repeated(
    "--label", .label,
    "What sets this worker apart, such as its zone: steps may ask for it. node is the host's name unless it is given")
  static let kinds = Option<[String]?>.optional(
    "--kinds", .list("A,B"), default: "all that it can do", "The step kinds that it does")
  static let queues = Option<[String]?>.optional(
    "--queues", .list("A,B"), default: "all", "The queues that it takes steps from")
  static let lease = Option<Duration>.value(
    "--lease", .seconds(1...3600), default: .seconds(30),
    "How long a step stays with this worker without a sign of life before another one takes over")
  static let grace = Option<Duration>.value(
    "--grace", .seconds(0...86_400), default: .seconds(30),
    "How long running steps may take to finish when the worker is told to stop")
  static let poll = Option<Duration>.value(
    "--poll", .milliseconds(10...600_000), default: .milliseconds(1000),
    "How often an idle worker looks for steps of its own accord")
  static let listenDatabase = Option<String?>.optional(
    "--listen-database", .text("URL"), default: "the database",
    "Where to wait for notifications: a direct connection, if the database is behind a pooler")
  static let pooled = Option<Bool>.flag("--pooled", "The database is behind a transaction pooler, such as PgBouncer")
  static let noScheduler = Option<Bool>.flag("--no-scheduler", "Leave the schedules to other processes")

  static let command = Command(
    name: "worker",
    summary: "Take steps from the queue and do them, until told to stop",
    discussion: [
      "Any number of workers may run, on any number of nodes. On SIGTERM or SIGINT a worker takes no more steps, lets "
        + "the running ones finish within the grace time, then cancels them and hands them back.",
      "Unless told otherwise, a worker takes part in firing schedules, too.",
    ],
    options: [
      name.description, slots.description, labels.description, kinds.description, queues.description, lease.description,
      grace.description, poll.description, listenDatabase.description, pooled.description, noScheduler.description,
    ],
    examples: [
      Example(
        purpose: "A worker for a node's volumes, eight steps at a time",
        line: "holdfast worker --slots 8 --label node=db-1 --label zone=eu-1"),
      Example(
        purpose: "Behind PgBouncer, with notifications over a direct connection",
        line: "holdfast worker --pooled --database postgres://pooler/holdfast --listen-database postgres://db/holdfast"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let logger = arguments.logger()
    let database = try database(arguments)
    let worker = try worker(arguments, on: database)
    let scheduler = arguments[noScheduler] ? nil : scheduler(arguments, on: database)
    ignoreBrokenPipes()
    await thawStaleFreezes(logger)
    try await runUntilSignalled(
      terminationSignals(), grace: arguments[grace],
      drain: {
        logger.info("draining: no more steps are taken; running ones may finish")
        worker.drain()
        scheduler?.drain()
      },
      work: {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await worker.run() }
          if let scheduler { group.addTask { try await scheduler.run() } }
          // Whichever fails ends the other; whichever is drained first waits for it.
          for try await _ in group {}
        }
      })
  }

  private static func database(_ arguments: ParsedArguments) throws -> PostgresConfiguration {
    var database = try PostgresConfiguration(arguments.databaseURL())
    database.preparesStatements = !arguments[pooled]
    return database
  }

  /// The worker that the command line asks for.
  static func worker(_ arguments: ParsedArguments, on database: PostgresConfiguration) throws -> Worker {
    var options = Worker.Options()
    options.poll = arguments[poll]
    if let listen = arguments[listenDatabase] {
      options.listenDatabase = try PostgresConfiguration(listen)
    } else if !arguments[pooled] {
      options.listenDatabase = database
    }
    let wanted = arguments[kinds]
    // Runs that steps start go through a connection of their own, opened when the first one does.
    let client = EngineClient(pool: PostgresPool(database, size: 1))
    // Steps that protect volumes write the ledger and the catalogue, each call for itself.
    let services = ProtectionServices(pool: PostgresPool(database, size: 4), node: node(arguments))
    let known: [any StepKind] = builtInStepKinds + [WorkflowStep.templated(client: client)] + services.stepKinds
    let offered = known.filter { wanted?.contains($0.name) ?? true }
    if let unknown = wanted?.first(where: { name in !known.contains { $0.name == name } }) {
      throw CommandFailure(
        .usage,
        "this worker can't do '\(unknown)'; it can do "
          + known.map(\.name).sorted().joined(separator: ", "))
    }
    var labels = ["node": node(arguments)]
    for label in arguments[self.labels] { labels[label.key] = label.value }
    let profile = WorkerProfile(
      name: ProcessIdentity.name(arguments[name]), host: ProcessIdentity.host, processID: ProcessIdentity.processID,
      version: Program.holdfast.version, slots: arguments[slots], kinds: offered.map(\.name),
      labels: labels, queues: arguments[queues], lease: arguments[lease])
    options.afterLastStep = { await services.end() }
    let janitor = Janitor(
      ledger: ResourceLedger(pool: PostgresPool(database, size: 1)), releasers: services.releasers,
      chores: services.chores)
    return Worker(
      database: database, profile: profile, kinds: offered, janitor: janitor, options: options,
      logger: arguments.logger())
  }

  /// The node whose volumes the worker reaches: what its label says, else the host.
  private static func node(_ arguments: ParsedArguments) -> String {
    arguments[labels].last { $0.key == "node" }?.value ?? ProcessIdentity.host
  }

  /// The scheduler beside that worker.
  static func scheduler(_ arguments: ParsedArguments, on database: PostgresConfiguration) -> Scheduler {
    Scheduler(database: database, name: ProcessIdentity.name(arguments[name]), logger: arguments.logger())
  }
}
