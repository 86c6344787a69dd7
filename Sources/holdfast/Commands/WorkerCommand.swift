/// `holdfast worker`
enum WorkerCommand {
  static let name = Option<String?>.optional(
    "--name", .text("NAME"), default: "the host's name and the process id", "The worker's name, as the status shows it")
  static let slots = Option<Int>.value("--slots", .integer(1...1000), default: 4, "How many steps are done at a time")
  static let labels = Option<[Label]>.repeated(
    "--label", .label, "What sets this worker apart, such as its node or zone: steps may ask for it")
  static let kinds = Option<[String]?>.optional(
    "--kinds", .list("A,B"), default: "all that it can do", "The step kinds that it does")
  static let queue = Option<String>.value(
    "--queue", .text("NAME"), default: "default", "The queue that it takes steps from")
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
      name.description, slots.description, labels.description, kinds.description, queue.description, lease.description,
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
    throw CommandFailure(.failed, "'worker' is not built yet")
  }
}
