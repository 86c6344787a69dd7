import JSON
import Log
import PostgresClient
import StepEngine
import StepKinds
import Synchronization
import TestSupport
import Testing

/// An engine in a database of its own.
struct Engine: Sendable {
  let database: String
  let configuration: PostgresConfiguration
  let pool: PostgresPool
  let client: EngineClient

  init(database: String) async throws {
    self.database = database
    configuration = try PostgresConfiguration(
      await PostgresInstance.shared.url(database: database) + "?options=-c%20jit%3Doff")
    pool = PostgresPool(configuration, size: 8)
    client = EngineClient(pool: pool)
  }

  /// A connection beside the pool.
  func connect(
    _ change: (inout PostgresConfiguration) -> Void = { _ in }
  ) async throws -> sending PostgresConnection {
    var configuration = configuration
    change(&configuration)
    return try await PostgresConnection.open(configuration)
  }

  /// A worker as its store sees it, which does nothing by itself.
  func store() async throws -> sending PostgresWorkerStore { PostgresWorkerStore(try await connect()) }
}

/// Runs `body` with an engine in a fresh database, which goes away with the process. Few at a time, since they share two CPUs.
func withEngine(_ body: (Engine) async throws -> Void) async throws {
  try await gate.withPermit {
    let template = try await migratedTemplate.value
    let database = try await PostgresInstance.shared.makeDatabase(from: template)
    let engine = try await Engine(database: database)
    defer { engine.pool.close() }
    try await body(engine)
  }
}

/// At most so many engines at a time.
private let gate = Gate(permits: 4)

/// A database to copy: migrated, with today's and tomorrow's partitions only, and with the kinds of step of these tests.
private let migratedTemplate = Task {
  let server = try await PostgresInstance.shared
  let name = try await server.makeDatabase()
  let connection = try await PostgresConnection.open(PostgresConfiguration(server.url(database: name)))
  _ = try await Migrator().migrate(connection)
  try await connection.execute(
    """
    update holdfast.setting set value = '1' where name = 'partitions_ahead_days';
    do $$
    declare v record;
    begin
      for v in select c.oid::regclass as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where c.relkind = 'r' and right(c.relname, 8) > to_char((now() + interval '1 day') at time zone 'UTC', 'YYYYMMDD')
      loop execute 'drop table ' || v.name; end loop;
    end $$;
    insert into holdfast.step_kind (uses) values ('noop'), ('fail'), ('sleep'), ('approval'), ('exec'), ('http'), ('test');
    """)
  return name
}

extension PostgresInstance {
  fileprivate func makeDatabase(from template: String) async throws -> String {
    let name = "engine_\(databaseNumber.add(1, ordering: .relaxed).newValue)"
    let connection = try await PostgresConnection.open(PostgresConfiguration(url()))
    try await connection.execute("create database \"\(name)\" template \"\(template)\"")
    return name
  }
}

private let databaseNumber = Atomic(0)

/// A counting semaphore for tasks.
private actor Gate {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(permits: Int) { free = permits }

  nonisolated func withPermit(_ body: () async throws -> Void) async throws {
    await take()
    do { try await body() } catch {
      await giveBack()
      throw error
    }
    await giveBack()
  }

  private func take() async {
    if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
  }

  private func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
