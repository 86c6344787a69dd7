import Foundation
import PostgresClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ErrorTests {
  @Test(
    "statements that the server refuses",
    arguments: [
      ("selec 1", PostgresError.Kind.rejected, "42601", false),
      ("select 1 / 0", .rejected, "22012", false),
      ("insert into unique_rows values (1)", .constraint("unique_rows_pkey"), "23505", false),
      ("insert into unique_rows values (-1)", .constraint("positive"), "23514", false),
      ("insert into unique_rows values (null)", .constraint(""), "23502", false),
      ("select * from no_such_table", .missingObject, "42P01", false),
      ("select no_such_function()", .missingObject, "42883", false),
      ("select * from no_such_schema.t", .missingObject, "42P01", false),
      ("set transaction read only; create table never ()", .readOnly, "25006", true),
      ("set role nobody_special; select * from unique_rows", .notPermitted, "42501", false),
      ("do $$ begin raise exception 'no' using errcode = '40001'; end $$", .serialization, "40001", true),
      ("do $$ begin raise exception 'no' using errcode = '40P01'; end $$", .serialization, "40P01", true),
      ("do $$ begin raise exception 'no' using errcode = '53100'; end $$", .diskFull, "53100", true),
      ("do $$ begin raise exception 'no' using errcode = '55P03'; end $$", .lockUnavailable, "55P03", true),
      ("set statement_timeout = 50; select pg_sleep(60)", .timedOut, "57014", true),
    ])
  func refused(sql: String, kind: PostgresError.Kind, sqlState: String, isRetryable: Bool) async throws {
    let connection = try await connect()
    try await connection.execute(
      """
      create temp table unique_rows (n int primary key constraint positive check (n > 0));
      insert into unique_rows values (1);
      do $$ begin create role nobody_special; exception when duplicate_object or unique_violation then end $$
      """)
    let error = await postgresError { try await connection.execute(sql) }
    #expect(error?.kind == kind)
    #expect(error?.sqlState == sqlState)
    #expect(error?.isRetryable == isRetryable)
    #expect(connection.isUsable)
    try await connection.execute("reset role; reset statement_timeout")
    #expect(try await connection.query("select 1").count == 1)
  }

  @Test("the description says what, where and why, and quotes no values")
  func description() async throws {
    let connection = try await connect()
    try await connection.execute("create temp table secrets (t text constraint one_of_each unique)")
    let insert = PostgresStatement(name: "insert_secret", "insert into secrets values ($1)", [.text])
    _ = try await connection.query(insert, [.text("s3cret")])
    let violation = await postgresError { _ = try await connection.query(insert, [.text("s3cret")]) }
    let text = try #require(violation?.description)
    for part in ["run insert_secret", connection.place, "one_of_each", "23505"] { #expect(text.contains(part)) }
    #expect(!text.contains("s3cret"))
    #expect(violation?.detail?.contains("s3cret") == true)
    let malformed = await postgresError { _ = try await connection.query("select $1::int", [.untyped("s3cret")]) }
    #expect(malformed?.sqlState == "22P02")
    #expect(malformed?.description.contains("s3cret") == false)
    let script = await postgresError { try await connection.execute("alter role nobody password 's3cret'") }
    #expect(script?.description.contains("s3cret") == false)
  }

  @Test(
    "the backend is terminated in a statement: unknown; between statements: certainly nothing",
    arguments: [true, false])
  func terminated(inStatement: Bool) async throws {
    let connection = try await connect()
    let pid = Int32(connection.serverProcessID)
    async let killer: Void = {
      if inStatement { try await waitUntilRunning("'terminate me'") }
      _ = try await connect().query("select pg_terminate_backend($1, 60000)", [.int32(pid)])
    }()
    if !inStatement { try await killer }
    let error = await postgresError { _ = try await connection.query("select pg_sleep(60), 'terminate me'") }
    if inStatement { try await killer }
    #expect(error?.kind == (inStatement ? .outcomeUnknown : .shuttingDown))
    #expect(error?.sqlState == "57P01")
    #expect(error?.isRetryable == !inStatement)
    #expect(!connection.isUsable)
  }

  @Test("the server crashes or is stopped in a statement: unknown, and nobody hangs", arguments: [true, false])
  func crash(kills: Bool) async throws {
    let server = try await PostgresInstance()
    let configuration = try PostgresConfiguration(server.url())
    let task = Task {
      let connection = try await PostgresConnection.open(configuration)
      return await postgresError { _ = try await connection.query("select pg_sleep(60)") }
    }
    try await eventually {
      try await server.sql("select count(*) from pg_stat_activity where query ~ 'sleep.60'") > "1"
    }
    if kills { try await server.kill() } else { try await server.stop(.immediate) }
    #expect(try await task.value?.kind == .outcomeUnknown)
    let refused = await postgresError { _ = try await PostgresConnection.open(configuration) }
    #expect(refused?.kind == .unreachable)
    try await server.start()
    #expect(try await PostgresConnection.open(configuration).query("select 1").count == 1)
  }

  @Test("no connection left")
  func tooMany() async throws {
    let server = try await PostgresInstance(
      settings: ["max_connections": "4", "superuser_reserved_connections": "0", "max_wal_senders": "0"])
    let configuration = try PostgresConfiguration(server.url())
    var held: [PostgresConnection] = []
    for _ in 0..<4 { held.append(try await PostgresConnection.open(configuration)) }
    let error = await postgresError { _ = try await PostgresConnection.open(configuration) }
    #expect(error?.kind == .tooManyConnections)
    #expect(error?.sqlState == "53300")
    #expect(held.count == 4)
  }

  @Test("two transactions that wait for each other: one is told to try again")
  func deadlock() async throws {
    let setup = try await connect()
    try await setup.execute(
      "drop table if exists locks; create table locks (n int primary key, v int); insert into locks values (1, 0), (2, 0)"
    )
    let locked = Box(0)
    @Sendable func update(_ first: Int32, _ second: Int32) async -> PostgresError? {
      await postgresError {
        let connection = try await connect()
        try await connection.transaction { connection in
          let sql = "update locks set v = v + 1 where n = $1"
          _ = try await connection.query(sql, [.int32(first)])
          locked.change { $0 += 1 }
          try await eventually { locked.value == 2 }
          _ = try await connection.query(sql, [.int32(second)])
        }
      }
    }
    async let one = update(1, 2)
    async let other = update(2, 1)
    let errors = await [one, other].compactMap(\.self)
    #expect(errors.map(\.kind) == [.serialization])
  }
}
