import JSON
import StepEngine
import StepKinds
import Synchronization
import TestSupport
import Testing

@Suite("Runs as steps of runs")
struct WorkflowStepTests {
  private func child(_ steps: JSONValue...) -> JSONValue {
    step("child", "workflow", ["with": ["plan": ["workflow": "inner", "steps": .array(steps)]]])
  }

  @Test("a step runs another plan, waits without a lease, and ends as that run does")
  func endsAsItsRun() async throws {
    try await withEngine { engine in
      try await engine.execute("select holdfast.leave(holdfast.register('kinds', 1, '{workflow,flaky}'))")
      let tries = Mutex(0)
      let flaky = TestKind("flaky") { _ in
        guard
          tries.withLock({
            $0 += 1; return $0 > 1
          })
        else { throw StepFailure(.permanent, "no luck") }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [flaky, WorkflowStep(client: engine.client)])) {
        let good = try await engine.submit([child(step("a")), step("after", needs: ["child"])])
        #expect(try await engine.end(of: good) == "succeeded")
        #expect(try await engine.int("select count(*) from holdfast.run where parent_step is not null") == 1)

        let bad = try await engine.submit([child(step("a", "flaky"))])
        #expect(try await engine.end(of: bad) == "failed")
        #expect(try await engine.failure(bad).contains("failed: step a: "))
        // The second try of the inner step succeeds: retrying the outer run retries the inner one, and starts no other.
        #expect(try await engine.client.retry(bad) == 1)
        #expect(try await engine.end(of: bad) == "succeeded")
        #expect(try await engine.int("select count(*) from holdfast.run where parent_step is not null") == 2)
      }
    }
  }

  @Test("a run that fails before its step waits for it has failed: it is repeated only when the outer run is retried")
  func failsEarly() async throws {
    try await withEngine { engine in
      try await engine.execute("select holdfast.leave(holdfast.register('kinds', 1, '{workflow,flaky}'))")
      let isFixed = Mutex(false)
      let flaky = TestKind("flaky") { _ in
        guard isFixed.withLock({ $0 }) else { throw StepFailure(.permanent, "no luck") }
        return .succeeded(outputs: nil)
      }
      // Its run is over when it comes to asking how that is.
      let slow = TestKind("workflow") { step in
        if step.signal == nil {
          let plan = try #require(step.with["plan"])
          try await engine.end(of: engine.client.submit(plan, key: "step/\(step.id)", parent: step.id))
        }
        return try await WorkflowStep(client: engine.client).run(step)
      }
      try await engine.working(Crew(kinds: [flaky, slow])) {
        let outer = try await engine.submit([child(step("a", "flaky"))])
        #expect(try await engine.end(of: outer) == "failed")
        #expect(try await engine.history("child", in: outer) == ["failed"])
        #expect(try await engine.failure(outer).hasSuffix("failed: step a: no luck"))
        let inner = RunID(
          Int64(try await engine.int("select run_id from holdfast.run where parent_step is not null")))
        #expect(try await engine.history("a", in: inner) == ["failed"])
        #expect(try await engine.int("select count(*) from holdfast.run where finished_at is null") == 0)
        #expect(try await engine.leftovers() == [:])

        isFixed.withLock { $0 = true }
        #expect(try await engine.client.retry(outer) == 1)
        #expect(try await engine.end(of: outer) == "succeeded")
        #expect(try await engine.history("a", in: inner) == ["failed", "reopened", "succeeded"])
        #expect(try await engine.leftovers() == [:])
      }
    }
  }

  @Test("the end that a run had is forgotten when it is retried")
  func staleEnd() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["workflow", "fail"])
      let inner: JSONValue = ["workflow": "inner", "steps": [step("a", "fail")]]
      let outer = try await engine.submit([step("child", "workflow", ["with": ["plan": inner]])])
      let held = try await worker.claim(1)
      let run = try await engine.client.submit(inner, key: "step/\(held[0].step.id)", parent: held[0].step.id)
      try await worker.report(worker.claim(1), .failed(StepFailure(.permanent, "no luck")))
      #expect(try await engine.state(run) == "failed")
      #expect(try await engine.int("select count(*) from holdfast.signal") == 1)
      // By hand, and not as the step would do it: that knows that it has failed.
      #expect(try await !engine.client.retryChild(run))
      #expect(try await engine.client.retry(run) == 1)
      #expect(try await engine.int("select count(*) from holdfast.signal") == 0)
      #expect(try await engine.client.retryChild(run))

      try await worker.report(held, .wait(StepWait(signal: "run/\(run)", reason: "waits")))
      #expect(try await engine.states(outer) == ["child": "parked"])
      try await worker.report(worker.claim(1))
      let woken = try await worker.claim(1)
      #expect(woken.map(\.name) == ["child"] && woken.first?.payload?.contains("succeeded") == true)
    }
  }

  @Test("a run that was still being cancelled when the outer run was retried is repeated at its end")
  func slowlyCancelled() async throws {
    try await withEngine { engine in
      try await engine.execute("select holdfast.leave(holdfast.register('kinds', 1, '{workflow,flaky}'))")
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind, WorkflowStep(client: engine.client)])) {
        let outer = try await engine.submit([
          child(step("wait", "approval"), step("clean", "test", needs: ["wait"], ["always": true]))
        ])
        try await eventually { try await engine.int("select count(*) from holdfast.parked") == 2 }
        let inner = RunID(
          Int64(try await engine.int("select run_id from holdfast.run where parent_step is not null")))
        _ = try await engine.client.cancel(outer, reason: "enough")
        #expect(try await engine.end(of: outer) == "cancelled")
        try await barrier.wait(for: "clean")
        #expect(try await engine.client.retry(outer) == 1)
        // It waits for the old end.
        try await engine.wait(for: ["child": "parked"], in: outer)
        barrier.openAll()
        try await engine.wait(for: ["wait": "parked"], in: inner)
        _ = try await engine.client.signal(inner, "approval/wait")
        #expect(try await engine.end(of: outer) == "succeeded")
        #expect(
          try await engine.history("wait", in: inner) == ["parked", "cancelled", "reopened", "parked", "succeeded"])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a run that ends after its step was reopened is repeated if it began before that, and only once")
  func oldRound() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["workflow", "noop", "fail"])
      let inner: JSONValue = [
        "workflow": "inner", "steps": [step("a"), step("clean", "fail", needs: ["a"], ["always": true])],
      ]
      let outer = try await engine.submit([step("child", "workflow", ["with": ["plan": inner]])])
      let held = try await worker.claim(1)
      let run = try await engine.client.submit(inner, key: "step/\(held[0].step.id)", parent: held[0].step.id)
      try await worker.report(held, .wait(StepWait(signal: "run/\(run)", reason: "waits")))
      _ = try await engine.client.cancel(outer, reason: "enough")
      #expect(try await engine.state(outer) == "cancelled")
      let clean = try await worker.claim(10)
      #expect(clean.map(\.name) == ["clean"])
      #expect(try await engine.client.retry(outer) == 1)
      try await worker.report(clean)
      #expect(try await engine.state(run) == "cancelled")

      #expect(try await engine.client.retryChild(run))
      #expect(try await engine.state(run) == "running")
      let again = try await worker.claim(10)
      #expect(Set(again.map(\.name)) == ["child", "a"])
      try await worker.report(again.filter { $0.name == "a" }, .failed(StepFailure(.permanent, "no luck")))
      try await worker.report(worker.claim(10))
      #expect(try await engine.state(run) == "failed")
      // Of this round, it has failed.
      #expect(try await !engine.client.retryChild(run))
    }
  }

  @Test("cancelling a run cancels the runs that it started")
  func cancelled() async throws {
    try await withEngine { engine in
      try await engine.execute("select holdfast.leave(holdfast.register('kinds', 1, '{workflow,flaky}'))")
      try await engine.working(Crew(kinds: [WorkflowStep(client: engine.client)])) {
        let run = try await engine.submit([child(step("wait", "approval"))])
        try await eventually {
          try await engine.int("select count(*) from holdfast.parked") == 2
        }
        #expect(try await engine.int("select count(*) from holdfast.lease") == 0)
        _ = try await engine.client.cancel(run, reason: "enough")
        #expect(try await engine.end(of: run) == "cancelled")
        #expect(try await engine.int("select count(*) from holdfast.run where state = 'cancelled'") == 2)
      }
    }
  }
}
