import Foundation
import TestSupport

/// The built `holdfast`, beside the test bundle.
let holdfastBinary: String = {
  let bundle =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("holdfast").path
}()

/// A migrated database, the processes that work on it, and a folder in which steps leave what they did.
struct Installation {
  let postgres: PostgresInstance
  let database: String
  /// Where `exec` steps leave a line for each time that they run, in a file of their run and name.
  let effects: URL

  /// Makes a database in `postgres` and migrates it. `isMigrated: false` leaves it empty.
  init(on postgres: PostgresInstance, isMigrated: Bool = true) async throws {
    self.postgres = postgres
    database = try await postgres.makeDatabase()
    effects = try scratchDirectory("effects")
    guard isMigrated else { return }
    let result = try await run(["migrate"])
    guard result.exitCode == 0 else { throw TestSupportError("migrate failed: \(result.errors)") }
    // Submits are refused for kinds that nobody offers.
    try await sql(
      "insert into holdfast.step_kind (uses) values ('exec'), ('noop'), ('sleep'), ('fail'), ('approval') on conflict do nothing"
    )
  }

  var url: String { postgres.url(database: database) }

  /// Runs `holdfast` to its end.
  func run(_ arguments: [String], url: String? = nil) async throws -> ProgramResult {
    let environment = Self.environment(url ?? self.url)
    var result = try await runProgram(holdfastBinary, arguments, environment: environment)
    // Commands wait for a connection as long as a person would; a busy machine may need longer. Nothing was sent.
    for _ in 1..<20 where result.exitCode == 4 && result.errors.contains("the server did not answer in time") {
      result = try await runProgram(holdfastBinary, arguments, environment: environment)
    }
    return result
  }

  /// Starts `holdfast`; `prefix` is a program that starts it, such as faketime.
  func start(
    _ arguments: [String], url: String? = nil, prefix: [String] = [], environment more: [String: String] = [:]
  ) throws -> BackgroundProgram {
    let command = prefix + [holdfastBinary] + arguments
    return try BackgroundProgram(
      command[0], Array(command.dropFirst()), environment: Self.environment(url ?? self.url).merging(more) { $1 })
  }

  /// Starts a worker that leaves schedules alone.
  func worker(
    _ name: String, lease: Int = 30, slots: Int = 4, _ more: [String] = [], url: String? = nil, prefix: [String] = [],
    environment: [String: String] = [:]
  ) throws -> BackgroundProgram {
    let arguments = ["worker", "--name", name, "--lease", "\(lease)", "--slots", "\(slots)", "--no-scheduler"]
    return try start(arguments + more, url: url, prefix: prefix, environment: environment)
  }

  /// Ends the lease of a worker that is dead: nobody has to wait until it has run out.
  func endLease(of worker: String) async throws {
    try await sql("update holdfast.worker set lease = interval '0', expires_at = now() where name = '\(worker)'")
  }

  @discardableResult
  func sql(_ script: String) async throws -> String { try await postgres.sql(script, database: database) }

  /// The first column of a query's only row as a number.
  func number(_ query: String) async throws -> Int {
    let text = try await sql(query)
    guard let number = Int(text) else { throw TestSupportError("'\(text)' is no number: \(query)") }
    return number
  }

  /// Submits a run and returns its number.
  func submit(_ plan: Plan) async throws -> Int {
    try await number("select holdfast.submit(\(plan.literal))")
  }

  /// How a run stands.
  func state(of run: Int) async throws -> String {
    try await sql("select state from holdfast.run where run_id = \(run)")
  }

  /// Waits until no run is under way; says what is in the way if that lasts too long.
  func runsEnd(within limit: Duration = .seconds(120)) async throws {
    do {
      try await eventually(within: limit, "the end of all runs") {
        try await number("select count(*) from holdfast.run where finished_at is null") == 0
      }
    } catch { throw TestSupportError("\(error)\n\(try await leftovers())") }
  }

  /// The states of the attempts of a step, in their order.
  func attempts(of step: String, in run: Int) async throws -> [String] {
    try await sql(
      """
      select a.state from holdfast.attempt a join holdfast.step s using (step_id)
      where s.step_id >> 20 = \(run) and s.name = '\(step)' order by a.fence
      """
    ).split(separator: "\n").map(String.init)
  }

  /// How often the program of a step was started.
  func timesRun(_ step: String, in run: Int) -> Int {
    let file = effects.appendingPathComponent("\(run).\(step)")
    return (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
  }

  /// An `exec` step's `with`: leaves its line, then runs `script`.
  func effect(_ script: String = "") -> [String: Any] {
    let line = #"echo "$HOLDFAST_ATTEMPT" >> "$EFFECTS/$HOLDFAST_RUN.$HOLDFAST_STEP""#
    return ["command": ["sh", "-c", line + "\n" + script], "environment": ["EFFECTS": effects.path]]
  }

  /// A script for `effect` that waits until `openGate` is called with this name, in which variables may stand.
  static func gate(_ name: String) -> String { #"until [ -e "$EFFECTS/gate-"# + name + #"" ]; do sleep 0.05; done"# }

  /// Lets those go on who wait at a gate, and whoever comes there later.
  func openGate(_ name: String) throws { try Data().write(to: effects.appendingPathComponent("gate-" + name)) }

  /// Where workers keep the indexes of repositories; root would make the home that is not there.
  private static let cacheFolder: String = (try? scratchDirectory("cache"))?.path ?? ""

  private static func environment(_ url: String) -> [String: String] {
    [
      "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "XDG_CACHE_HOME": cacheFolder,
      "HOLDFAST_DATABASE_URL": url,
    ]
  }
}

/// A plan, as holdfast.submit takes it.
struct Plan {
  var workflow: String
  var steps: [[String: Any]]

  init(_ workflow: String, _ steps: [[String: Any]]) {
    self.workflow = workflow
    self.steps = steps
  }

  /// As an SQL literal.
  var literal: String {
    let data = (try? JSONSerialization.data(withJSONObject: ["workflow": workflow, "steps": steps])) ?? Data()
    return "$plan$\(String(decoding: data, as: UTF8.self))$plan$::jsonb"
  }
}
