import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Signals and approval")
struct SignalTests {
  /// Waits for the signal that `with` names, then has its payload as outputs.
  private let kind = TestKind { step in
    guard let signal = step.signal else { return .wait(StepWait(signal: "go", reason: "waits for go")) }
    return .succeeded(outputs: ["payload": signal])
  }

  @Test("a signal wakes all steps of its run that wait for it, with its payload")
  func afterTheWait() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([step("a", "test"), step("b", "test"), step("c", "approval")])
        let other = try await engine.submit([step("a", "test")])
        try await engine.wait(for: ["a": "parked", "b": "parked", "c": "parked"], in: run)
        try await engine.wait(for: ["a": "parked"], in: other)
        #expect(try await engine.client.signal(run, "go", payload: ["n": 1]) == 2)
        try await engine.wait(for: ["a": "succeeded", "b": "succeeded", "c": "parked"], in: run)
        #expect(try await engine.states(other) == ["a": "parked"])
        #expect(
          try await engine.value("select distinct outputs::text from holdfast.attempt where outputs is not null")
            == #"{"payload": {"n": 1}}"#)
        _ = try await engine.client.cancel(run, reason: "x")
        _ = try await engine.client.cancel(other, reason: "x")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a signal that comes before the wait is kept, the last of its name, also one without a payload")
  func beforeTheWait() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a", "test"), step("b", "approval")])
      #expect(try await engine.client.signal(run, "go", payload: ["n": 1]) == 0)
      #expect(try await engine.client.signal(run, "go", payload: ["n": 2]) == 0)
      #expect(try await engine.client.signal(run, "approval/b") == 0)
      try await engine.working(Crew(kinds: [kind])) {
        try await engine.end(of: run)
      }
      #expect(try await engine.state(run) == "succeeded")
      let payload = try await engine.value("select outputs::text from holdfast.attempt where outputs ? 'payload'")
      #expect(payload == #"{"payload": {"n": 2}}"#)
      let error = await storeError { _ = try await engine.client.signal(run, "go") }
      #expect(error == StoreError(.notFound, "run \(run) is over, or there is none of that number"))
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("signals sent while steps are parking are never lost")
  func race() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(workers: 2, kinds: [kind])) {
        let runs = try await withThrowingTaskGroup(of: RunID.self) { group in
          for _ in 0..<60 {
            group.addTask {
              let run = try await engine.submit([step("a", "test")])
              try await Task.sleep(for: .milliseconds(Int.random(in: 0...15)))
              _ = try await engine.client.signal(run, "go", payload: 1)
              return run
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        for run in runs { #expect(try await engine.end(of: run) == "succeeded") }
      }
    }
  }

  @Test("what a signal carried outlives attempts that are lost, go back or fail, until the step waits again")
  func keptPayload() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a", "test", ["retry": ["initialSeconds": 0]])])
      var worker = try await HandWorker(engine, kinds: ["test"])
      let wait = StepResult.wait(StepWait(signal: "go", reason: "waits for go"))
      try await worker.report(worker.claim(1), wait)
      #expect(try await engine.client.signal(run, "go", payload: ["n": 1]) == 1)
      func payload(_ worker: HandWorker) async throws -> ([ClaimedStep], String?) {
        let claimed = try await worker.claim(1)
        return (claimed, claimed.first?.payload)
      }
      var (claimed, carried) = try await payload(worker)
      #expect(carried == #"{"n": 1}"#)

      try await worker.report(claimed, .returned)
      (claimed, carried) = try await payload(worker)
      #expect(carried == #"{"n": 1}"#)

      try await worker.report(claimed, .failed(StepFailure(.retryable, "no")))
      try await engine.execute("select holdfast.tick()")
      (claimed, carried) = try await payload(worker)
      #expect(carried == #"{"n": 1}"#)

      try await engine.endLeases()
      worker = try await HandWorker(engine, kinds: ["test"])
      (claimed, carried) = try await payload(worker)
      #expect(carried == #"{"n": 1}"#)
      #expect(try await engine.history("a", in: run) == ["parked", "returned", "retrying", "lost"])

      // It has had it, and asks for the next one; a later attempt has nothing of the first.
      try await worker.report(claimed, wait)
      #expect(try await engine.client.signal(run, "go", payload: ["n": 2]) == 1)
      (claimed, carried) = try await payload(worker)
      #expect(carried == #"{"n": 2}"#)
      try await worker.report(
        claimed, .wait(StepWait(wakeAfter: .zero, reason: "looks again")))
      try await engine.execute("select holdfast.tick()")
      (claimed, carried) = try await payload(worker)
      #expect(claimed.count == 1 && carried == nil)
      try await worker.report(claimed)
      #expect(try await engine.state(run) == "succeeded")
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("an approval goes on when approved, fails when refused, and says who waits meanwhile")
  func approval() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit([
          step("ok", "approval", ["with": ["message": "restore prod?"]]), step("then", needs: ["ok"]),
        ])
        let no = try await engine.submit([step("ok", "approval")])
        try await engine.wait(for: ["ok": "parked"], in: run)
        try await engine.wait(for: ["ok": "parked"], in: no)
        #expect(
          try await engine.int(
            "select count(*) from holdfast.parked where reason = 'waits for approval: restore prod?'") == 1)
        _ = try await engine.client.signal(run, "approval/ok", payload: ["approvedBy": "ann"])
        _ = try await engine.client.signal(
          no, "approval/ok", payload: ["approved": false, "approvedBy": "bob", "comment": "not now"])
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.end(of: no) == "failed")
        #expect(try await engine.failure(no) == "step ok: approval: refused by bob: not now")
      }
    }
  }
}
