import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Behind a transaction pooler")
struct PoolerTests {
  @Test("a worker behind pgbouncer does hundreds of steps, and listens on the direct connection")
  func pgbouncer() async throws {
    try await withEngine { engine in
      let pooler = try await Pgbouncer(for: PostgresInstance.shared)
      var pooled = try PostgresConfiguration(pooler.url(database: engine.database))
      pooled.preparesStatements = false
      try await engine.working(Crew(workers: 2, slots: 16, database: pooled)) {
        let runs = try await withThrowingTaskGroup(of: RunID.self) { tasks in
          for _ in 0..<30 {
            tasks.addTask {
              try await engine.submit(
                [
                  step("a", ["with": ["outputs": ["n": 1]]]),
                  group("g", over: "$.params.l", needs: ["a"], [step("x", ["refs": ["a"]])], ["refs": ["a"]]),
                  step("z", needs: ["g"], ["refs": ["g.x"]]),
                ], ["params": ["l": [1, 2, 3, 4, 5, 6, 7, 8]]])
            }
          }
          return try await tasks.reduce(into: []) { $0.append($1) }
        }
        for run in runs { #expect(try await engine.end(of: run) == "succeeded") }
      }
      #expect(try await engine.leftovers() == [:])
      try await pooler.stop()
    }
  }
}
