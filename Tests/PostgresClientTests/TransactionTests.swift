import PostgresClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
  struct Refusal: Error {}

  private func connectWithTable() async throws -> sending PostgresConnection {
    let connection = try await connect()
    try await connection.execute("create temp table tx (n int constraint once unique deferrable initially deferred)")
    return connection
  }

  private func count(_ connection: PostgresConnection) async throws -> Int64 {
    try await connection.query("select count(*) from tx").single().int64(0)
  }

  @Test("commits what the body did, and returns its value")
  func commit() async throws {
    let connection = try await connectWithTable()
    let value = try await connection.transaction(isolation: .serializable) { connection in
      _ = try await connection.query("insert into tx values (1)")
      return try await connection.query("show transaction_isolation").single().string(0)
    }
    #expect(value == "serializable")
    #expect(try await count(connection) == 1)
  }

  @Test("rolls back when the body throws, or swallows an error, or ends the transaction itself")
  func rollback() async throws {
    let connection = try await connectWithTable()
    await #expect(throws: Refusal.self) {
      try await connection.transaction { connection in
        _ = try await connection.query("insert into tx values (1)")
        throw Refusal()
      }
    }
    let swallowed = await postgresError {
      try await connection.transaction { connection in
        _ = try await connection.query("insert into tx values (1)")
        _ = try? await connection.query("selec")
      }
    }
    #expect(swallowed?.kind == .aborted)
    let ended = await postgresError {
      try await connection.transaction { _ = try await $0.query("rollback") }
    }
    #expect(ended?.kind == .protocolViolation)
    let nested = await postgresError {
      try await connection.transaction { try await $0.transaction { _ in } }
    }
    #expect(nested?.kind == .protocolViolation)
    #expect(try await count(connection) == 0)
  }

  @Test("a commit that the server refuses leaves nothing behind")
  func refusedCommit() async throws {
    let connection = try await connectWithTable()
    let error = await postgresError {
      try await connection.transaction { _ = try await $0.query("insert into tx values (1), (1)") }
    }
    #expect(error?.kind == .constraint("once"))
    #expect(try await count(connection) == 0)
  }

  @Test("rolls back when the task is cancelled, in a statement or just before the commit", arguments: [true, false])
  func cancelled(inStatement: Bool) async throws {
    let left = Box<Int64?>(nil)
    let task = Task {
      let connection = try await connectWithTable()
      let error = await postgresError {
        try await connection.transaction { connection in
          _ = try await connection.query("insert into tx values (1)")
          if inStatement { _ = try await connection.query("select pg_sleep(60), 'cancel transaction'") }
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }
      #expect(error?.kind == .cancelled)
      try await connection.shielded { left.set(try await count($0)) }
    }
    if inStatement {
      try await waitUntilRunning("'cancel transaction'")
      task.cancel()
    }
    try await task.value
    #expect(left.value == 0)
  }

  @Test(
    "the connection breaks before the commit: rolled back, try again; in the commit: unknown", arguments: [false, true])
  func broken(inCommit: Bool) async throws {
    let connection = try await connect()
    // A deferred trigger makes the commit take long.
    try await connection.execute(
      """
      create temp table slow (n int);
      create function pg_temp.sleep() returns trigger language plpgsql as
        $$ begin perform pg_sleep(60); return null; end $$;
      create constraint trigger sleep after insert on slow deferrable initially deferred
        for each row execute function pg_temp.sleep();
      """)
    let pid = Int32(connection.serverProcessID)
    async let killer: Void = {
      let observer = try await connect()
      try await eventually {
        let text = inCommit ? "COMMIT" : "select pg_sleep(60), 'before commit'"
        return try await observer.query(
          "select 1 from pg_stat_activity where pid = $1 and state = 'active' and query = $2",
          [.int32(pid), .text(text)]
        ).hasRows
      }
      _ = try await observer.query("select pg_terminate_backend($1)", [.int32(pid)])
    }()
    let error = await postgresError {
      try await connection.transaction { connection in
        _ = try await connection.query("insert into slow values (1)")
        if !inCommit { _ = try await connection.query("select pg_sleep(60), 'before commit'") }
      }
    }
    try await killer
    #expect(error?.kind == (inCommit ? .outcomeUnknown : .shuttingDown))
    #expect(error?.isRetryable == !inCommit)
  }
}
