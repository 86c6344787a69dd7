import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Giving up what no living worker can do")
struct GivingUpTests {
  private let gone: [String: JSONValue] = ["on": ["node": "gone"]]
  private let undoneThere: [String: JSONValue] = ["on": ["node": "gone"], "undo": ["uses": "noop"]]

  @Test("always-steps that no living worker can do are given up on request, and no others")
  func always() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let gone: [String: JSONValue] = ["always": true, "on": ["node": "nowhere"]]
        let run = try await engine.submit([
          step("waits", "approval"), step("resume", gone), step("after", needs: ["resume"], gone),
          step("here", "test", ["always": true]),
        ])
        try await barrier.wait(for: "here")
        #expect(try await engine.client.giveUp(run) == 0)
        #expect(try await engine.client.cancel(run, reason: "enough"))
        #expect(try await engine.client.giveUp(run) == 2)
        #expect(try await engine.message("resume", in: run) == "it was given up: no living worker can do it")
        #expect(try await engine.states(run)["here"] == "leased")
        barrier.openAll()
        #expect(try await engine.end(of: run) == "cancelled")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancelled run that only has to undo on a node that is gone ends; its objects are left to a janitor")
  func cancelled() async throws {
    try await withEngine { engine in
      let ledger = ResourceLedger(pool: engine.pool)
      let worker = try await HandWorker(engine, kinds: ["noop"], labels: ["node": "gone"])
      let run = try await engine.submit([step("a", undoneThere), step("b", needs: ["a"], gone)])
      let first = try await worker.claim(1)
      let object = try await ledger.intend(first[0].step, kind: "mount", driver: "d", name: "m")
      try await ledger.made(object, by: first[0].step)
      try await worker.report(first)
      try await worker.leave()

      #expect(try await engine.client.cancel(run, reason: "enough"))
      #expect(try await engine.state(run) == "undoing")
      let states: [String: String] = try await engine.states(run)
      #expect(states == ["a": "succeeded", "b": "cancelled", "undo:a": "ready"])
      let released = "select count(*) from holdfast.resources_to_release('mount')"
      #expect(try await engine.int(released) == 0)

      #expect(try await engine.client.giveUp(run) == 1)
      #expect(try await engine.state(run) == "cancelled")
      #expect(try await engine.message("undo:a", in: run) == "it was given up: no living worker can do it")
      #expect(try await engine.int(released) == 1)
      #expect(
        try await engine.value("select message from holdfast.event where kind = 'steps-given-up'")
          == "1 steps that no living worker can do were given up, and what they would have undone stays: undo:a")
      #expect(try await engine.client.giveUp(run) == 0)
      #expect(try await engine.leftovers() == [:])
      // Nobody knows how things stand there, so it is done again.
      #expect(try await engine.client.retry(run) == 2)
    }
  }

  @Test("a failed run that undoes on a node that is gone ends as failed, and others undo what they can")
  func failed() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop", "test"], labels: ["node": "gone"])
      let other = try await HandWorker(engine, name: "other", kinds: ["noop"])
      let run = try await engine.submit([
        step("here", ["undo": ["uses": "noop"]]), step("there", needs: ["here"], undoneThere),
        step("bad", "test", needs: ["there"]),
      ])
      for _ in 0..<2 { try await worker.report(worker.claim(1)) }
      try await worker.report(worker.claim(1), .failed(StepFailure(.permanent, "no")))
      #expect(try await engine.state(run) == "undoing")
      #expect(try await engine.client.giveUp(run) == 0)
      try await worker.leave()

      #expect(try await engine.client.cancel(run, reason: "its node is gone"))
      #expect(try await engine.client.giveUp(run) == 1)
      let left = try await other.claim(1)
      #expect(left.map(\.name) == ["undo:here"])
      try await other.report(left)
      #expect(try await engine.state(run) == "failed")
      #expect(try await engine.failure(run) == "step bad: no")
      let states: [String: String] = try await engine.states(run)
      let expected = [
        "here": "succeeded", "there": "succeeded", "bad": "failed", "undo:there": "cancelled",
        "undo:here": "succeeded",
      ]
      #expect(states == expected)
      #expect(try await engine.leftovers() == [:])
    }
  }
}
