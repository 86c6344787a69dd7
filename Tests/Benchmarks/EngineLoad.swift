import Foundation
import JSON
import TestSupport

/// The whole engine under load: runs submitted through the SQL protocol, done by real worker processes.
struct EngineLoad {
  let server: PostgresInstance
  /// Steps that each worker takes at once.
  var slots = 500

  /// What the steps of a run need of each other.
  enum Shape: String {
    case diamonds, chains

    /// A plan of no-op steps.
    func plan(steps: Int) -> JSONValue {
      let list: [JSONValue] = (0..<steps).map { i in
        let needs: [Int] =
          switch self {
          case .chains: i == 0 ? [] : [i - 1]
          case .diamonds:
            switch i % 4 {
            case 0: []
            case 3: [i - 2, i - 1]
            default: [i / 4 * 4]
            }
          }
        return ["name": .string("s\(i)"), "uses": "noop", "needs": .array(needs.map { .string("s\($0)") })]
      }
      return ["workflow": .string(rawValue), "steps": .array(list)]
    }
  }

  /// The result of one run: how fast the steps were submitted and done.
  struct Rates {
    var submitted: Double
    var done: Double
  }

  /// Submits `steps` steps in runs of `stepsPerRun` through `clients` connections, each run in a transaction of its own, then
  /// lets `workers` processes do them. Throws unless every step succeeded exactly once.
  func run(_ shape: Shape, steps: Int, stepsPerRun: Int, workers: Int, clients: Int = 2) async throws -> Rates {
    let database = try await makeDatabase()
    let submitted = try await submit(
      shape, runs: steps / stepsPerRun, stepsPerRun: stepsPerRun, clients: clients, database)
    try await server.sql("vacuum analyze", database: database)

    let group = WorkerGroup(server.url(database: database), count: workers, slots: slots)
    try group.start()
    defer { group.stop() }
    while try await server.sql("select 1 from holdfast.run where finished_at is null limit 1", database: database) != ""
    {
      try await Task.sleep(for: .milliseconds(100))
    }
    group.stop()
    let counts = try await server.sql(
      """
      select count(*), count(distinct step_id) filter (where state = 'succeeded'),
        extract(epoch from max(finished_at) - min(started_at))
      from holdfast.attempt
      """, database: database
    ).split(separator: "|")
    guard counts.count == 3, Int(counts[0]) == steps, Int(counts[1]) == steps, let seconds = Double(counts[2]) else {
      throw TestSupportError("the engine did not do \(steps) steps exactly once: \(counts)")
    }
    try await server.sql("drop database \"\(database)\" with (force)")
    return Rates(submitted: submitted, done: Double(steps) / seconds)
  }

  /// A database with the schema, where the kind noop is known.
  func makeDatabase() async throws -> String {
    let database = try await server.makeDatabase()
    let result = try await runProgram(WorkerGroup.program, ["migrate", "--database", server.url(database: database)])
    guard result.exitCode == 0 else { throw TestSupportError("holdfast migrate failed: \(result.errors)") }
    try await server.sql(
      "select holdfast.leave(holdfast.register('bench', 1, array['noop', 'sleep']))", database: database)
    return database
  }

  /// Steps per second that `clients` connections submit.
  private func submit(
    _ shape: Shape, runs: Int, stepsPerRun: Int, clients: Int, _ database: String
  ) async throws -> Double {
    let script = try scratchDirectory().appendingPathComponent("submit.pgbench")
    let plan = shape.plan(steps: stepsPerRun).text
    try "select holdfast.submit('\(plan)');\n".write(to: script, atomically: true, encoding: .utf8)
    let begin = ContinuousClock.now
    let result = try await runProgram(
      server.tool("pgbench"),
      [
        "--no-vacuum", "--client=\(clients)", "--jobs=\(clients)", "--transactions=\(runs / clients)",
        "--file=\(script.path)", server.url(database: database),
      ])
    guard result.exitCode == 0 else { throw TestSupportError("pgbench failed: \(result.errors)") }
    return Double(runs * stepsPerRun) / ((ContinuousClock.now - begin) / .seconds(1))
  }
}

/// Worker processes of the built `holdfast`.
final class WorkerGroup {
  /// Beside this program, so of the same build.
  static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appendingPathComponent("holdfast").path

  private let database: String
  private let count: Int
  private let slots: Int
  private var processes: [Process] = []

  init(_ database: String, count: Int, slots: Int) {
    self.database = database
    self.count = count
    self.slots = slots
  }

  func start() throws {
    guard FileManager.default.isExecutableFile(atPath: Self.program) else {
      throw TestSupportError("there is no \(Self.program); build everything: swift build -c release")
    }
    for number in 1...count {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.program)
      process.arguments = [
        "worker", "--kinds", "noop,sleep", "--slots", "\(slots)", "--no-scheduler", "--name", "w\(number)",
        "--log-level",
        "error", "--database", database,
      ]
      try process.run()
      processes.append(process)
    }
  }

  /// Ends them in good order; returns when they are gone.
  func stop() {
    for process in processes where process.isRunning { process.terminate() }
    for process in processes { process.waitUntilExit() }
    processes = []
  }

  deinit { stop() }
}
