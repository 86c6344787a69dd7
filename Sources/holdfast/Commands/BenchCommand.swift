internal import CommandSyntax
internal import JSON
internal import Log
internal import PostgresClient
internal import StepEngine
internal import StepKinds
internal import Terminal

/// `holdfast bench`
enum BenchCommand {
  static let runs = Option<Int>.value("--runs", .integer(1...1_000_000), default: 1000, "How many runs are submitted")
  static let steps = Option<Int>.value("--steps", .integer(1...10_000), default: 100, "How many steps each run has")
  static let workers = Option<Int>.value("--workers", .integer(1...100), default: 2, "How many workers do them")
  static let slots = Option<Int>.value("--slots", .integer(1...1000), default: 500, "How many slots each worker has")

  static let command = Command(
    name: "bench",
    summary: "Measure how many steps a second the database can carry",
    discussion: [
      "Submits runs of diamonds whose steps do nothing to a queue of its own, does them in this process, and prints "
        + "rates. The runs stay in the history, as any others."
    ],
    options: [runs.description, steps.description, workers.description, slots.description],
    examples: [
      Example(
        purpose: "A hundred thousand steps in two workers", line: "holdfast bench --runs 10000 --steps 10 --workers 2")
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let database = try PostgresConfiguration(arguments.databaseURL())
    let queue = "bench-\(ProcessIdentity.processID)"
    let workers = (1...arguments[workers]).map { worker(number: $0, queue, database, slots: arguments[slots]) }
    let client = EngineClient(pool: PostgresPool(database, size: 2))
    try await client.pause(.queue, queue, reason: "the benchmark submits first")

    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { try await worker.run() } }
      // Until a worker has registered, no step kind is known.
      let plan = plan(steps: arguments[steps], queue)
      var submitted: [RunID] = []
      while submitted.isEmpty {
        do {
          submitted.append(try await client.submit(plan))
        } catch let error as StoreError where error.kind == .invalid {
          try await Task.sleep(for: .milliseconds(50))
        }
      }
      let begin = ContinuousClock.now
      for _ in 1..<max(1, arguments[runs]) { submitted.append(try await client.submit(plan)) }
      let submitTime = ContinuousClock.now - begin
      let count = arguments[runs] * arguments[steps]
      report("submitted", count, in: submitTime)

      _ = try await client.resume(.queue, queue)
      let started = ContinuousClock.now
      let pool = PostgresPool(database, size: 1)
      while try await isLive(queue, pool) { try await Task.sleep(for: .milliseconds(50)) }
      report("done", count, in: ContinuousClock.now - started)
      for worker in workers { worker.drain() }
      for try await _ in group {}
    }
  }

  private static func worker(number: Int, _ queue: String, _ database: PostgresConfiguration, slots: Int) -> Worker {
    var options = Worker.Options()
    options.listenDatabase = database
    let profile = WorkerProfile(
      name: "\(queue)-\(number)", host: ProcessIdentity.host, processID: ProcessIdentity.processID,
      version: Program.holdfast.version, slots: slots, kinds: [], queues: [queue])
    return Worker(
      database: database, profile: profile, kinds: builtInStepKinds.filter { $0.name == "noop" }, options: options,
      logger: Logger(level: .warning))
  }

  /// Diamonds: every fourth step needs nothing, the next two need it, the fourth needs these.
  private static func plan(steps: Int, _ queue: String) -> JSONValue {
    let list: [JSONValue] = (0..<steps).map { step in
      let first = step / 4 * 4
      let needs = step == first ? [] : step == first + 3 ? [step - 2, step - 1] : [first]
      return [
        "name": .string("s\(step)"), "uses": "noop", "needs": .array(needs.map { .string("s\($0)") }),
      ]
    }
    return ["workflow": "bench", "queue": .string(queue), "steps": .array(list)]
  }

  private static func isLive(_ queue: String, _ pool: PostgresPool) async throws -> Bool {
    try await pool.withConnection {
      try await $0.query(
        "select exists (select from holdfast.run where queue = $1 and finished_at is null)", [.text(queue)]
      ).single().bool(0)
    }
  }

  private static func report(_ what: String, _ count: Int, in time: Duration) {
    let rate = Int(Double(count) / max(time.seconds, 1e-6))
    writeText("\(what): \(count) steps in \(Double(Int(time.seconds * 1000)) / 1000) s, \(rate) steps/s\n")
  }
}
