import Foundation
import PostgresClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct PoolTests {
  @Test("never lends more than its size, serves everyone, and uses connections again")
  func bound() async throws {
    let pool = PostgresPool(try await configuration { $0.applicationName = "bounded" }, size: 3)
    let pids = Box<Set<Int>>([])
    let counts = Box((now: 0, most: 0))
    try await withThrowingTaskGroup { group in
      for _ in 0..<60 {
        group.addTask {
          try await pool.withConnection { connection in
            counts.change {
              $0.now += 1
              $0.most = max($0.most, $0.now)
            }
            // However late the last connection opens, there is work for it.
            try await eventually { counts.value.most == 3 }
            _ = try await connection.query("select pg_sleep(0.002)")
            let pid = connection.serverProcessID
            pids.change { _ = $0.insert(pid) }
            counts.change { $0.now -= 1 }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(counts.value.most == 3)
    #expect(pids.value.count == 3)
    #expect(pool.openCount == 3)
    pool.close()
    #expect(pool.openCount == 0)
  }

  @Test("those who wait are served in the order in which they came")
  func fairness() async throws {
    let pool = PostgresPool(try await configuration(), size: 1)
    let order = Box<[Int]>([])
    let mayEnd = Box(false)
    try await withThrowingTaskGroup { group in
      group.addTask { try await pool.withConnection { _ in try await eventually { mayEnd.value } } }
      try await eventually { pool.openCount == 1 }
      for number in 0..<10 {
        group.addTask { try await pool.withConnection { _ in order.change { $0.append(number) } } }
        try await eventually { pool.waitingCount == number + 1 }
      }
      mayEnd.set(true)
      try await group.waitForAll()
    }
    #expect(order.value == Array(0..<10))
  }

  @Test("waiting ends by cancellation, by its deadline, and when the pool closes")
  func waiting() async throws {
    let pool = PostgresPool(try await configuration(), size: 1)
    let mayEnd = Box(false)
    let holder = Task { try await pool.withConnection { _ in try await eventually { mayEnd.value } } }
    try await eventually { pool.openCount == 1 }
    let late = await postgresError {
      try await pool.withConnection(until: .now + .milliseconds(30)) { _ in }
    }
    #expect(late?.kind == .timedOut)
    let cancelled = Task { await postgresError { try await pool.withConnection { _ in } } }
    try await eventually { pool.waitingCount == 1 }
    cancelled.cancel()
    #expect(await cancelled.value?.kind == .cancelled)
    let closed = Task { await postgresError { try await pool.withConnection { _ in } } }
    try await eventually { pool.waitingCount == 1 }
    pool.close()
    #expect(await closed.value?.kind == .closed)
    mayEnd.set(true)
    try await holder.value
    #expect(await postgresError { try await pool.withConnection { _ in } }?.kind == .closed)
    #expect(pool.openCount == 0)
  }

  @Test(
    "a connection that comes back broken or inside a transaction is not lent again",
    arguments: [
      "select pg_terminate_backend(pg_backend_pid())", "begin",
    ])
  func broken(sql: String) async throws {
    let pool = PostgresPool(try await configuration(), size: 1)
    let first = try await pool.withConnection { connection in
      _ = try? await connection.query(sql)
      return connection.serverProcessID
    }
    let second = try await pool.withConnection { $0.serverProcessID }
    #expect(first != second)
    #expect(pool.openCount == 1)
  }

  @Test("an idle connection whose server restarted is replaced, and waits for the server")
  func restart() async throws {
    let server = try await PostgresInstance()
    let failures = Box(0)
    let pool = PostgresPool(
      try PostgresConfiguration(server.url()), size: 2,
      backoff: Backoff(first: .milliseconds(20), limit: .milliseconds(50)),
      onFailure: { _, _ in failures.change { $0 += 1 } })
    let statement = PostgresStatement(name: "one", "select 1")
    #expect(try await pool.withConnection { try await $0.query(statement).count } == 1)
    try await server.stop(.fast)
    let task = Task { try await pool.withConnection { try await $0.query(statement).count } }
    try await eventually { failures.value >= 2 }
    try await server.start()
    #expect(try await task.value == 1)
    try await server.stop()
    let error = await postgresError { try await pool.withConnection(until: .now + .milliseconds(100)) { _ in } }
    #expect(error?.kind == .unreachable)
    #expect(pool.openCount == 0)
  }

  @Test("what trying again cannot help is thrown at once")
  func permanent() async throws {
    let url = await (try PostgresInstance.shared).url(database: "not_there")
    let pool = PostgresPool(try PostgresConfiguration(url), size: 1)
    let error = await postgresError { try await pool.withConnection { _ in } }
    #expect(error?.kind == .missingObject)
  }

  @Test("through a transaction pooler, with nothing kept on the server")
  func pooler() async throws {
    let server = try await PostgresInstance()
    let bouncer = try await Pgbouncer(for: server, settings: ["default_pool_size": "2"])
    var configuration = try PostgresConfiguration(bouncer.url())
    configuration.preparesStatements = false
    let pool = PostgresPool(configuration, size: 8)
    let statement = PostgresStatement(name: "sum", "select $1 + $2", [.int32, .int32])
    try await withThrowingTaskGroup(of: Int32.self) { group in
      for number in 0..<40 {
        group.addTask {
          try await pool.withConnection { connection in
            try await connection.transaction { connection in
              let one = PostgresRequest(statement, [.int32(Int32(number)), .int32(1)])
              return try await connection.pipeline([one, one])[1].single().int32(0)
            }
          }
        }
      }
      var sum: Int32 = 0
      for try await value in group { sum += value }
      #expect(sum == 820)
    }
  }
}
