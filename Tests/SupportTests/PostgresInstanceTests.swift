import Testing
import TestSupport

@Suite struct PostgresInstanceTests {
  @Test("the shared cluster hands out databases that know nothing of each other")
  func databases() async throws {
    let server = try await PostgresInstance.shared
    let (first, second) = (try await server.makeDatabase(), try await server.makeDatabase())
    try await server.sql("CREATE TABLE t (i int)", database: first)
    #expect(try await server.sql("SELECT to_regclass('t') IS NULL", database: second) == "t")
  }

  @Test("psql says what was wrong")
  func wrong() async throws {
    let result = try await PostgresInstance.shared.psql("SELECT 1; SELECT nonsense; SELECT 2")
    #expect(result.exitCode == 3)
    #expect(result.output == "1\n")
    #expect(result.errors.contains("nonsense"))
  }

  @Test("what was committed survives a kill")
  func kill() async throws {
    let server = try await PostgresInstance(durability: .durable, settings: ["shared_buffers": "16MB"], tcp: true)
    try await server.sql("CREATE TABLE t AS SELECT 42 AS i")
    let before = try #require(server.pid)
    try await server.kill()
    #expect(server.pid == nil)
    #expect(try await server.psql("SELECT 1").exitCode == 2)
    try await server.start()
    #expect(server.pid != before)
    #expect(try await server.sql("SELECT i FROM t") == "42")
    #expect(try await runProgram(server.tool("psql"), ["-XAtc", "SELECT 7", server.tcpURL()]).output == "7\n")
    try await server.restart(.immediate)
    #expect(try await server.sql("SHOW fsync") == "on")
    try await server.stop()
  }

  @Test("lines of pg_hba.conf come first")
  func access() async throws {
    let server = try await PostgresInstance(hba: ["local all nobody reject"])
    try await server.sql("CREATE ROLE nobody LOGIN")
    #expect(try await server.psql("SELECT 1", user: "nobody").errors.contains("rejects connection"))
  }

  @Test("pgbouncer passes statements on")
  func pooler() async throws {
    let server = try await PostgresInstance.shared
    let pooler = try await Pgbouncer(for: server)
    let database = try await server.makeDatabase()
    let url = pooler.url(database: database)
    let arguments = ["-XAtc", "SELECT current_database()", url]
    #expect(try await runProgram(server.tool("psql"), arguments).output == database + "\n")
    try await pooler.stop()
    #expect(try await runProgram(server.tool("psql"), arguments).exitCode == 2)
  }
}
