import JSON
import Log
import PostgresClient
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import Synchronization
import TestSupport

/// A catalogue in a database of its own, with a worker that is moved by hand.
struct Catalogue: Sendable {
  let configuration: PostgresConfiguration
  let pool: PostgresPool
  let store: RestorePointStore
  let client: EngineClient
  let ledger: ResourceLedger

  /// Claims the one step of a new run.
  func step(policy: String = "", params: JSONValue = [:]) async throws -> HeldStep {
    var plan: [String: JSONValue] = [
      "workflow": "backup", "params": params, "steps": [["name": "a", "uses": "by-hand"]],
    ]
    if !policy.isEmpty { plan["policy"] = .string(policy) }
    return try await claim(of: try await client.submit(.object(plan)))
  }

  /// Claims the one step of a run that is ready.
  func claim(of run: RunID) async throws -> HeldStep {
    let worker = PostgresWorkerStore(try await PostgresConnection.open(configuration))
    // Heard of but once, and not taken for lost as long as the test goes on.
    let id = try await worker.register(
      WorkerProfile(name: "hand", slots: 1, kinds: ["by-hand"], lease: .seconds(3600)))
    var request = ExchangeRequest(worker: id)
    request.want = 1
    let claimed = try await worker.exchange(request).claimed
    guard let step = claimed.first?.step, step.id.run == run else { throw TestSupportError("claimed another step") }
    return step
  }

  /// Ends the run of a step: it succeeded, or failed with a message.
  func end(_ step: HeldStep, failure: String? = nil) async throws {
    try await execute(
      """
      delete from holdfast.lease where step_id = \(step.id.value);
      update holdfast.run set failure = \(failure.map { "'\($0)'" } ?? "null") where run_id = \(step.id.run.value);
      select holdfast.end_runs(array[\(step.id.run.value)]::bigint[])
      """)
  }

  /// Says that the workers so far are on a node.
  func live(on node: String) async throws {
    try await execute("update holdfast.worker set labels = '{\"node\": \"\(node)\"}'")
  }

  /// Puts a point of no run into the catalogue as it is. It counts as adopted, and what has no export has its snapshot.
  func put(_ point: RestorePoint) async throws {
    try await pool.withConnection { connection in
      _ = try await connection.query("select holdfast.put_point($1, null)", [.jsonb(point.json.text)])
    }
  }

  func execute(_ sql: String) async throws {
    try await pool.withConnection { try await $0.execute(sql) }
  }

  /// The one value that a query gives, as text; "∅" for NULL.
  func value(_ sql: String) async throws -> String {
    try await pool.withConnection { connection in
      try await connection.query("select (\(sql))::text").single().optionalString(0) ?? "∅"
    }
  }
}

/// Runs `body` with an empty catalogue in a database of its own, a copy of one that was migrated once.
func withCatalogue(_ body: (Catalogue) async throws -> Void) async throws {
  let server = try await PostgresInstance.shared
  let template = try await migratedTemplate.value
  let name = "catalogue_\(databaseNumber.add(1, ordering: .relaxed).newValue)"
  let connection = try await PostgresConnection.open(PostgresConfiguration(server.url()))
  try await connection.execute("create database \"\(name)\" template \"\(template)\"")
  let configuration = try PostgresConfiguration(server.url(database: name) + "?options=-c%20jit%3Doff")
  let pool = PostgresPool(configuration, size: 4)
  defer { pool.close() }
  try await body(
    Catalogue(
      configuration: configuration, pool: pool, store: RestorePointStore(pool: pool), client: EngineClient(pool: pool),
      ledger: ResourceLedger(pool: pool)))
}

private let migratedTemplate = Task {
  let server = try await PostgresInstance.shared
  let name = try await server.makeDatabase()
  let connection = try await PostgresConnection.open(PostgresConfiguration(server.url(database: name)))
  _ = try await Migrator().migrate(connection)
  try await connection.execute("insert into holdfast.step_kind (uses) values ('by-hand'), ('http')")
  return name
}

private let databaseNumber = Atomic(0)

/// An export's id: the digits of a number, 64 of them.
func exportID(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: 64 - digits.count) + digits
}

/// A moment from RFC 3339 text; the beginning of 1970 for other text.
func moment(_ text: String) -> Snapshot.Moment {
  Snapshot.Moment(rfc3339: text) ?? Snapshot.Moment(seconds: 0, nanoseconds: 0)
}

/// A point with one volume `data`.
func onePoint(
  _ name: String, of application: String = "shop", policy: String? = "nightly", at time: String,
  snapshot: String? = nil, export: Int? = nil
) -> RestorePoint {
  RestorePoint(
    name: name, application: application, policy: policy, profile: "vault", createdAt: moment(time),
    consistency: .crash,
    volumes: [
      RestorePoint.Volume(
        name: "data", driver: "btrfs", node: "n1", source: ["path": "/srv"], snapshot: snapshot,
        export: export.map(exportID), bytes: 100, addedBytes: 10, files: 3)
    ])
}

/// Runs `body`, and returns the error of the store that it threw.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
  do {
    try await body()
    return nil
  } catch { return error as? StoreError }
}
