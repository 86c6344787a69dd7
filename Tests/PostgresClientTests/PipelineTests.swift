import PostgresClient
import Testing

@Suite(.timeLimit(.minutes(5))) struct PipelineTests {
  let add = PostgresStatement(name: "pipeline_add", "select $1 + $2", [.int32, .int32])
  let divide = PostgresStatement(name: "pipeline_divide", "select 10 / $1", [.int32])

  @Test("answers come in order, prepared or not", arguments: [true, false])
  func order(prepares: Bool) async throws {
    let connection = try await connect { $0.preparesStatements = prepares }
    #expect(try await connection.pipeline([]).isEmpty)
    for _ in 0..<2 {
      let rows = try await connection.pipeline(
        (0..<10).map { PostgresRequest(add, [.int32($0), .int32(1)]) } + [PostgresRequest("select 'end'")])
      #expect(try rows.dropLast().map { try $0.single().int32(0) } == Array(1...10))
      #expect(try rows[10].single().string(0) == "end")
    }
    #expect(try await connection.query(add, [.int32(2), .int32(2)]).single().int32(0) == 4)
  }

  @Test("an error in the middle undoes all, and says whose it is")
  func errorInTheMiddle() async throws {
    let connection = try await connect()
    try await connection.execute("create temp table p (n int)")
    let insert = PostgresRequest("insert into p values (1)")
    let error = await postgresError {
      _ = try await connection.pipeline([insert, PostgresRequest(divide, [.int32(0)]), insert])
    }
    #expect(error?.sqlState == "22012")
    #expect(error?.statementIndex == 1)
    #expect(try await connection.query("select count(*) from p").single().int64(0) == 0)
    #expect(try await connection.pipeline([insert, insert]).count == 2)
    #expect(try await connection.query("select count(*) from p").single().int64(0) == 2)
  }

  @Test("a statement that cannot be prepared reports its own error")
  func prepareError() async throws {
    let connection = try await connect()
    let bad = PostgresStatement(name: "bad", "selec 1")
    let error = await postgresError {
      _ = try await connection.pipeline([
        PostgresRequest("select 1"), PostgresRequest(bad), PostgresRequest(add, [.int32(1), .int32(2)]),
      ])
    }
    #expect(error?.sqlState == "42601")
    #expect(error?.statementIndex == 1)
    #expect(try await connection.pipeline([PostgresRequest(add, [.int32(1), .int32(2)])])[0].single().int32(0) == 3)
  }

  @Test("a constraint that fails at the end undoes all")
  func deferred() async throws {
    let connection = try await connect()
    try await connection.execute(
      "create temp table d (n int constraint only_once unique deferrable initially deferred)")
    let insert = PostgresRequest("insert into d values (1)")
    let error = await postgresError { _ = try await connection.pipeline([insert, insert]) }
    #expect(error?.kind == .constraint("only_once"))
    #expect(try await connection.query("select count(*) from d").single().int64(0) == 0)
  }

  @Test("separately, one that fails does not stop the others")
  func separately() async throws {
    let connection = try await connect()
    let results = try await connection.pipelineSeparately([5, 0, 2].map { PostgresRequest(divide, [.int32($0)]) })
    #expect(try results[0].get().single().int32(0) == 2)
    #expect(throws: PostgresError.self) { try results[1].get() }
    #expect(try results[2].get().single().int32(0) == 5)
    #expect(try await connection.query("select 1").count == 1)
  }

  @Test("ten thousand statements, and more bytes than any buffer holds, both ways", arguments: [true, false])
  func large(separately: Bool) async throws {
    let connection = try await connect()
    let text = String(repeating: "x", count: 2000)
    let echo = PostgresStatement(name: "echo", "select $1::int4, $2 || $2", [.int32, .text])
    let requests = (0..<10_000).map { PostgresRequest(echo, [.int32($0), .text(text)]) }
    let rows =
      separately
      ? try await connection.pipelineSeparately(requests).map { try $0.get() } : try await connection.pipeline(requests)
    #expect(rows.count == 10_000)
    for (index, row) in rows.enumerated() {
      let matches = try row.single().int32(0) == Int32(index) && row.single().string(1).utf8.count == 4000
      guard matches else {
        Issue.record("row \(index)")
        break
      }
    }
  }

  @Test("cancelled in the middle, nothing has happened and the connection stays usable")
  func cancelled() async throws {
    let answer = Box<Int64?>(nil)
    let error = try await errorWhenCancelled(running: "'cancelled pipeline'") {
      let connection = try await connect()
      try await connection.execute("create temp table c (n int)")
      let error = await postgresError {
        _ = try await connection.pipeline([
          PostgresRequest("insert into c values (1)"), PostgresRequest("select pg_sleep(60), 'cancelled pipeline'"),
          PostgresRequest("insert into c values (2)"),
        ])
      }
      try await connection.shielded {
        answer.set(try await $0.query("select count(*) from c").single().int64(0))
      }
      if let error { throw error }
    }
    #expect(error?.kind == .cancelled)
    #expect(error?.statementIndex == 1)
    #expect(answer.value == 0)
  }

  @Test("the backend dies in the middle: all or none, but unknown")
  func killed() async throws {
    let connection = try await connect()
    let task = Task { try await waitUntilRunning("'killed pipeline'") }
    async let killer: Void = {
      let pid = try await task.value
      _ = try await connect().query("select pg_terminate_backend($1)", [.int32(pid)])
    }()
    let error = await postgresError {
      _ = try await connection.pipeline([
        PostgresRequest("select 1"), PostgresRequest("select pg_sleep(60), 'killed pipeline'"),
        PostgresRequest("select 2"),
      ])
    }
    try await killer
    #expect(error?.kind == .outcomeUnknown)
    #expect(error?.sqlState == "57P01")
    #expect(!connection.isUsable)
  }

  @Test("what cannot be encoded is refused before anything is sent")
  func refused() async throws {
    let connection = try await connect()
    let error = await postgresError {
      _ = try await connection.pipeline([PostgresRequest("select 1"), PostgresRequest(add, [.text("1"), .int32(2)])])
    }
    #expect(error?.kind == .rejected)
    #expect(error?.statementIndex == 1)
    #expect(connection.isUsable)
  }
}
