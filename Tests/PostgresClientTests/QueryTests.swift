import Foundation
import PostgresClient
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct QueryTests {
  @Test("a script runs whole, as one transaction")
  func script() async throws {
    let connection = try await connect()
    try await connection.execute("create temp table t (n int); insert into t values (1), (2); select * from t;")
    let error = await postgresError { try await connection.execute("insert into t values (3); select 1 / 0; select 1") }
    #expect(error?.sqlState == "22012")
    #expect(try await connection.query("select count(*) from t").single().int64(0) == 2)
  }

  @Test("COPY is refused, and costs the connection rather than hanging it")
  func copy() async throws {
    for sql in ["copy (select 1) to stdout", "create temp table c (n int); copy c from stdin"] {
      let connection = try await connect()
      #expect(await postgresError { try await connection.execute(sql) }?.kind == .rejected)
      #expect(!connection.isUsable)
      #expect(await postgresError { try await connection.ping() }?.kind == .unreachable)
    }
  }

  @Test("statements are prepared once per connection, anew when they change, or never", arguments: [true, false])
  func preparing(prepares: Bool) async throws {
    let connection = try await connect { $0.preparesStatements = prepares }
    let first = PostgresStatement(name: "add", "select $1 + 1")
    for number in 0..<3 {
      #expect(try await connection.query(first, [.int32(Int32(number))]).single().int32(0) == Int32(number) + 1)
    }
    #expect(try await connection.query(first, [.int64(5)]).single().int64(0) == 6)
    let other = PostgresStatement(name: "add", "select $1 + 2", [.int64])
    #expect(try await connection.query(other, [.int64(1)]).single().int64(0) == 3)
    let count = try await connection.query("select count(*) from pg_prepared_statements").single().int64(0)
    #expect(count == (prepares ? 3 : 0))
  }

  @Test("a statement that the server forgot, or whose plan is stale, is prepared again")
  func stale() async throws {
    let connection = try await connect()
    try await connection.execute("create temp table s (a int); insert into s values (1)")
    let all = PostgresStatement(name: "all", "select * from s")
    #expect(try await connection.query(all).columnCount == 1)
    for spoil in ["deallocate all", "alter table s add b int"] {
      try await connection.execute(spoil)
      let error = await postgresError { _ = try await connection.query(all) }
      #expect(error?.kind == .stalePreparedStatement)
      #expect(error?.isRetryable == true)
      #expect(try await connection.query(all).count == 1)
    }
  }

  @Test("notices go to the handler")
  func notices() async throws {
    let seen = Box<[PostgresNotice]>([])
    let connection = try await connect { $0.onNotice = { notice in seen.change { $0.append(notice) } } }
    try await connection.execute("do $$ begin raise notice 'hello'; end $$")
    #expect(seen.value.map(\.message) == ["hello"])
    #expect(seen.value.first?.sqlState == "00000")
  }

  @Test("a cancelled task cancels its statement, and the connection stays usable")
  func cancel() async throws {
    let holder = Box<Int?>(nil)
    let error = try await errorWhenCancelled(running: "'cancel me'") {
      let connection = try await connect()
      let error = await postgresError { _ = try await connection.query("select pg_sleep(60), 'cancel me'") }
      try await connection.shielded { holder.set(try await Int($0.query("select 42").single().int32(0))) }
      if let error { throw error }
    }
    #expect(error?.kind == .cancelled)
    #expect(error?.sqlState == "57014")
    #expect(holder.value == 42)
  }

  @Test("a task that is cancelled already sends nothing")
  func cancelledBefore() async throws {
    let task = Task {
      let connection = try await connect()
      withUnsafeCurrentTask { $0?.cancel() }
      return await postgresError { _ = try await connection.query("select 1") }
    }
    #expect(try await task.value?.kind == .cancelled)
  }

  @Test("a statement is cancelled at its deadline", arguments: [true, false])
  func deadline(byDefault: Bool) async throws {
    let connection = try await connect { if byDefault { $0.statementTimeout = .milliseconds(100) } }
    let start = ContinuousClock.now
    let error = await postgresError {
      _ = try await connection.query("select pg_sleep(60)", until: byDefault ? nil : start + .milliseconds(100))
    }
    #expect(error?.kind == .timedOut)
    #expect(error?.isRetryable == true)
    #expect(start.duration(to: .now) < .seconds(50))
    #expect(connection.isUsable)
    #expect(try await connection.query("select 1", until: .now + .seconds(60)).count == 1)
  }

  @Test("a deadline that has passed already sends nothing")
  func pastDeadline() async throws {
    let connection = try await connect()
    let before = try await connection.query("select count(*) from pg_prepared_statements").single().int64(0)
    let error = await postgresError {
      _ = try await connection.query(PostgresStatement(name: "late", "select 1"), until: .now - .seconds(1))
    }
    #expect(error?.kind == .timedOut)
    #expect(error?.sqlState == nil)
    let after = try await connection.query("select count(*) from pg_prepared_statements").single().int64(0)
    #expect(after == before)
  }

  @Test("a statement that ignores the cancel is given up on")
  func stubborn() async throws {
    let server = try await PostgresInstance()
    let connection = try await PostgresConnection.open(PostgresConfiguration(server.url()))
    let pid = pid_t(connection.serverProcessID)
    let start = ContinuousClock.now
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    let error = await postgresError { _ = try await connection.query("select 1", until: .now + .milliseconds(100)) }
    #expect(error?.kind == .outcomeUnknown)
    #expect(!connection.isUsable)
    #expect(start.duration(to: .now) < .seconds(60))
  }

  @Test("a second call while one is under way is refused, not mixed up")
  func reentrancy() async throws {
    let owner = Owner(try await connect())
    let holder = try await connect()
    _ = try await holder.query("select pg_advisory_lock(815)")
    async let slow = owner.waitForLock()
    try await waitUntilRunning("'reentrancy'")
    #expect(await owner.ping()?.kind == .protocolViolation)
    _ = try await holder.query("select pg_advisory_unlock(815)")
    #expect(await slow == nil)
  }

  @Test("large answers and large parameters pass")
  func large() async throws {
    let connection = try await connect()
    let text = String(repeating: "0123456789", count: 3_000_000)
    let row = try await connection.query("select $1 || 'x', length($1)", [.text(text)]).single()
    #expect(try row.int32(1) == 30_000_000)
    #expect(try row.string(0).utf8.count == 30_000_001)
  }
}

private actor Owner {
  let connection: PostgresConnection
  init(_ connection: sending PostgresConnection) { self.connection = connection }
  func waitForLock() async -> PostgresError? {
    await postgresError { _ = try await connection.query("select pg_advisory_lock(815), 'reentrancy'") }
  }
  func ping() async -> PostgresError? { await postgresError { try await connection.ping() } }
}

/// A value that several tasks share.
final class Box<T: Sendable>: Sendable {
  private let content: Mutex<T>
  init(_ value: T) { content = Mutex(value) }
  var value: T { content.withLock { $0 } }
  func set(_ value: T) { content.withLock { $0 = value } }
  func change(_ body: (inout sending T) -> Void) { content.withLock { body(&$0) } }
}
