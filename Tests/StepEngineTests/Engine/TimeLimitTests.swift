import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Time limits and deadlines")
struct TimeLimitTests {
  @Test("a step over its time limit is stopped and tried again")
  func timeLimit() async throws {
    try await withEngine { engine in
      // However late its worker looks, nobody else does it.
      try await engine.set("stuck_grace_seconds", "600")
      let kind = TestKind { step in
        if step.attempt == 1 { try await Task.sleep(for: .seconds(60)) }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("a", "test", ["timeoutSeconds": 0.2, "retry": ["initialSeconds": 0.01]])
        ])
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.history("a", in: run) == ["retrying", "succeeded"])
        let message = try await engine.value("select message from holdfast.attempt where state = 'retrying'")
        #expect(
          message.hasPrefix("it ran over its time limit of 0.") && message.hasSuffix(" s and was stopped"), "\(message)"
        )
      }
    }
  }

  @Test("a step that ignores being stopped is taken from its worker")
  func stuck() async throws {
    try await withEngine { engine in
      try await engine.set("stuck_grace_seconds", "0.2")
      let barrier = Barrier()
      let kind = TestKind { step in
        if step.attempt == 1 {
          // Deaf to cancellation.
          await Task.detached { try? await barrier.pass("deaf") }.value
        }
        return .succeeded(outputs: ["attempt": .int(Int64(step.attempt))])
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("a", "test", ["timeoutSeconds": 0.1, "retry": ["initialSeconds": 1e6, "maxSeconds": 1e6]])
        ])
        try await engine.wait(for: ["a": "parked"], in: run)
        // The second attempt may take as long as the machine wants.
        try await engine.set("stuck_grace_seconds", "600")
        try await engine.execute("update holdfast.parked set wake_at = now()")
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.history("a", in: run) == ["retrying", "succeeded"])
        #expect(
          try await engine.value("select message from holdfast.attempt where state = 'retrying'")
            == "it ran over its time limit and its worker did not stop it")
        // The deaf one ends at last, and is nobody's.
        barrier.openAll()
        try await Task.sleep(for: .milliseconds(50))
        #expect(
          try await engine.value("select outputs ->> 'attempt' from holdfast.attempt where state = 'succeeded'") == "2")
      }
    }
  }

  @Test("a deadline ends a step that runs, that waits, that is tried again, and that nobody takes")
  func deadlines() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        switch step.name {
        case "runs": try await Task.sleep(for: .seconds(60))
        case "waits": return .wait(StepWait(signal: "never", reason: "waits for never"))
        default: break
        }
        throw StepFailure(.throttled(after: .seconds(60)), "later")
      }
      try await engine.working(Crew(kinds: [kind])) {
        let deadline: [String: JSONValue] = ["deadlineSeconds": 0.3]
        let run = try await engine.submit([
          step("runs", "test", deadline), step("waits", "test", ["deadlineSeconds": 600]),
          step("again", "test", deadline),
          step("nobody", "test", ["deadlineSeconds": 0.3, "on": ["node": "nowhere"]]),
        ])
        // This one's deadline comes when it waits, however late that is.
        try await engine.wait(for: ["waits": "parked"], in: run)
        let left = try await engine.int(
          "select floor(extract(epoch from deadline_at - now()))::int from holdfast.parked where signal = 'never'")
        #expect((300...600).contains(left))
        try await engine.execute(
          "update holdfast.parked set deadline_at = now() - interval '1 s' where signal = 'never'")
        #expect(try await engine.end(of: run) == "failed")
        let states: [String: String] = try await engine.states(run)
        #expect(states == ["runs": "failed", "waits": "failed", "again": "failed", "nobody": "failed"])
        #expect(
          try await engine.message("waits", in: run) == "it did not end before its deadline; it waited: waits for never"
        )
        #expect(
          try await engine.message("nobody", in: run) == "it did not end before its deadline; it waited: for a worker")
        #expect(try await engine.history("runs", in: run) == ["failed"])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("always-steps and undos end at their deadline if their node is gone; what could not be undone is repeated")
  func goneNode() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let gone: [String: JSONValue] = ["deadlineSeconds": 0.3, "on": ["node": "nowhere"]]
      let undo: [String: JSONValue] = ["undo": .object(gone.merging(["uses": "noop"]) { $1 })]
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([
          step("a", undo), step("b", needs: ["a"], undo), step("hold", "test", needs: ["b"]),
          step("release", needs: ["hold"], gone.merging(["always": true]) { $1 }),
        ])
        try await barrier.wait(for: "hold")
        _ = try await engine.client.cancel(run, reason: "enough")
        #expect(try await engine.end(of: run) == "cancelled")
        let states: [String: String] = try await engine.states(run)
        #expect(
          states == [
            "a": "succeeded", "b": "succeeded", "hold": "cancelled", "release": "failed", "undo:a": "failed",
            "undo:b": "failed",
          ])
        let reason = "it did not end before its deadline; it waited: for a worker"
        #expect(try await engine.message("undo:a", in: run) == reason)
        #expect(try await engine.failure(run) == "step release: \(reason)")
        barrier.openAll()
        #expect(try await engine.client.retry(run) == 4)
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "step release: \(reason)")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a run's deadline stops it, undoes what it did, and fails it")
  func runDeadline() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = TestKind { step in
        recorder.note(step.name)
        if step.name == "long" { try await Task.sleep(for: .seconds(60)) }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit(
          [
            step("a", "test", ["undo": ["uses": "test"]]), step("long", "test", needs: ["a"]),
            step("b", needs: ["long"]),
          ],
          ["timeoutSeconds": 600])
        // The deadline comes when the second step runs, however late that is.
        try await eventually("the long step") { recorder.notes.contains("long") }
        let left = try await engine.int("select floor(extract(epoch from deadline_at - now()))::int from holdfast.run")
        #expect((300...600).contains(left))
        try await engine.execute("update holdfast.run set deadline_at = now() - interval '1 s'")
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "it did not end before its deadline")
        let states: [String: String] = try await engine.states(run)
        #expect(states == ["a": "succeeded", "long": "cancelled", "b": "omitted", "undo:a": "succeeded"])
      }
      #expect(recorder.notes == ["a", "long", "undo:a"])
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("what was done in time while nobody could reach the database is not judged before it is reported")
  func outage() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let run = try await engine.submit(
        [step("limit", ["timeoutSeconds": 600]), step("deadline", ["deadlineSeconds": 600])], ["timeoutSeconds": 600])
      let stuck = try await engine.submit([step("stuck", ["timeoutSeconds": 600])])
      let held = try await worker.claim(3)
      #expect(held.count == 3)
      // As if a minute had passed in which all of this came.
      try await engine.execute(
        """
        insert into holdfast.look (what, at) values ('tick', now() - interval '1 min');
        update holdfast.lease set time_limit_at = now() - interval '40 s';
        update holdfast.run set deadline_at = now() - interval '40 s' where deadline_at is not null;
        """)
      for _ in 0..<2 {
        try await worker.heartbeat(held)
        try await engine.execute("select holdfast.tick()")
      }
      #expect(try await engine.states(run) == ["limit": "leased", "deadline": "leased"])
      #expect(try await worker.report(held.filter { $0.step.id.run == run }).stale == [])
      #expect(try await engine.state(run) == "succeeded")

      // A lease later nothing more is to be expected.
      #expect(try await engine.states(stuck) == ["stuck": "leased"])
      try await engine.execute(
        """
        update holdfast.look set at = case what when 'blind' then now() - interval '31 s' else now() end;
        select holdfast.tick()
        """)
      #expect(try await engine.history("stuck", in: stuck) == ["retrying"])
    }
  }

  @Test("a signal that could not be sent in time for an outage is waited for after the deadline, nothing else is")
  func outageOfSignal() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let deadline: [String: JSONValue] = ["deadlineSeconds": 600]
      let run = try await engine.submit([step("asks", deadline), step("sleeps", deadline)])
      for claimed in try await worker.claim(2) {
        let wait =
          claimed.name == "asks"
          ? StepWait(signal: "go", reason: "asks") : StepWait(wakeAfter: .seconds(3600), reason: "sleeps")
        try await worker.report([claimed], .wait(wait))
      }
      try await engine.execute(
        """
        insert into holdfast.look (what, at) values ('tick', now() - interval '1 min');
        update holdfast.parked set deadline_at = now() - interval '40 s';
        select holdfast.tick()
        """)
      #expect(try await engine.states(run) == ["asks": "parked", "sleeps": "failed"])
      #expect(try await engine.client.signal(run, "go") == 1)
      try await engine.execute("select holdfast.tick()")
      let woken = try await worker.claim(1)
      #expect(woken.map(\.name) == ["asks"])
      try await worker.report(woken)
      #expect(try await engine.states(run) == ["asks": "succeeded", "sleeps": "failed"])
    }
  }

  @Test("a retried run has as much time as it had at first, each time")
  func retriedRun() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a")], ["timeoutSeconds": 600])
      let other = try await engine.submit([step("a")])
      for _ in 0..<2 {
        for each in [run, other] { _ = try await engine.client.cancel(each, reason: "x") }
        // As if an hour had passed.
        try await engine.execute(
          """
          update holdfast.run set submitted_at = submitted_at - interval '1 hour',
            deadline_at = deadline_at - interval '1 hour'
          """)
        for each in [run, other] { _ = try await engine.client.retry(each) }
        let left = try await engine.rows(
          "select run_id as a, round(extract(epoch from deadline_at - now()) / 60)::int as b from holdfast.run order by 1"
        )
        #expect(left == [["\(run)", "10"], ["\(other)", "∅"]])
      }
    }
  }
}
