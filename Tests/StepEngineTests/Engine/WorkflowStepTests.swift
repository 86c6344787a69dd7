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
