import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Stopping a run that is retried at that moment")
struct LateStopTests {
  @Test("what is still about to stop a run leaves it alone once it is retried")
  func lateSweep() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let run = try await engine.submit([step("a"), step("b"), step("c")])
      let ready = try await engine.states(run)
      for _ in 0..<2 {
        let claimed = try await worker.claim(2)
        try await worker.report([claimed[0]], .wait(StepWait(signal: "s", reason: "waits")))
        let before: [String: String] = try await engine.states(run)
        try await engine.execute("select holdfast.sweep_stopping(\(run))")
        #expect(try await engine.states(run) == before)
        #expect(try await engine.int("select count(*) from holdfast.lease where stop_reason is null") == 1)
        #expect(try await engine.state(run) == "running")
        #expect(try await engine.client.cancel(run, reason: "enough"))
        try await worker.report([claimed[1]], .cancelled)
        #expect(try await engine.state(run) == "cancelled")
        #expect(try await engine.client.retry(run) == 3)
        #expect(try await engine.states(run) == ready)
      }
    }
  }

  @Test("a run whose deadline a retry has just moved is not stopped for the old one")
  func movedDeadline() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a")], ["timeoutSeconds": 600])
      try await engine.execute("update holdfast.run set deadline_at = now() - interval '1 s'")
      let moving = Task {
        let connection = try await engine.connect()
        try await connection.execute("begin; update holdfast.run set deadline_at = now() + interval '1 hour'")
        try await Task.sleep(for: .seconds(1))
        try await connection.execute("commit")
      }
      try await Task.sleep(for: .milliseconds(400))
      try await engine.execute("select holdfast.tick()")
      try await moving.value
      try await engine.execute("select holdfast.tick()")
      #expect(try await engine.state(run) == "running")
      try await engine.execute("update holdfast.run set deadline_at = now() - interval '1 s'; select holdfast.tick()")
      #expect(try await engine.state(run) == "failed")
    }
  }
}
