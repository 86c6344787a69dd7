import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Queues, pauses, priorities and labels")
struct QueueTests {
  @Test(
    "a paused queue or policy gives nothing out until it is resumed; others go on",
    arguments: [EngineClient.PauseScope.queue, .policy])
  func pause(_ scope: EngineClient.PauseScope) async throws {
    try await withEngine { engine in
      try await engine.client.pause(scope, "p", reason: "maintenance")
      try await engine.working {
        let more: [String: JSONValue] = scope == .queue ? ["queue": "p"] : ["policy": "p"]
        let held = try await engine.submit([step("a")], more)
        let other = try await engine.submit([step("a")])
        #expect(try await engine.end(of: other) == "succeeded")
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await engine.states(held) == ["a": "ready"])
        #expect(try await engine.client.resume(scope, "p"))
        // By notification: sooner than the next poll could be.
        #expect(try await engine.end(of: held) == "succeeded")
        #expect(try await engine.client.resume(scope, "p") == false)
      }
      let events = try await engine.rows(
        "select kind as a, message as b from holdfast.event where subject = 'p' order by at")
      #expect(events.map { $0[0] } == ["paused", "resumed"])
      #expect(events.first?[1] == "\(scope.rawValue) p was paused: maintenance")
    }
  }

  @Test("what runs when its queue is paused goes on")
  func running() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([step("a", "test"), step("b", needs: ["a"])])
        try await barrier.wait(for: "a")
        try await engine.client.pause(.queue, "default", reason: "x")
        barrier.openAll()
        try await engine.wait(for: ["a": "succeeded", "b": "ready"], in: run)
        _ = try await engine.client.resume(.queue, "default")
        #expect(try await engine.end(of: run) == "succeeded")
      }
    }
  }

  @Test(
    "a run that has begun ends what it began, although its queue or policy is paused; what begins a run waits",
    arguments: [EngineClient.PauseScope.queue, .policy])
  func pausedAmidRun(_ scope: EngineClient.PauseScope) async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let more: [String: JSONValue] = scope == .queue ? ["queue": "p"] : ["policy": "p"]
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [
            step("list", ["with": ["outputs": ["items": [1, 2]]]]),
            step("quiesce", "test", needs: ["list"], ["undo": ["uses": "noop"]]), step("next", needs: ["quiesce"]),
            step("snapshot", needs: ["quiesce"], ["urgent": true]),
            step("resume", needs: ["snapshot"], ["always": true]),
            group(
              "after", over: "$.steps.list.items", needs: ["quiesce"],
              [step("hook", ["always": true]), step("plain", needs: ["hook"])], ["refs": ["list"], "always": true]),
          ], more)
        try await barrier.wait(for: "quiesce")
        try await engine.client.pause(scope, "p", reason: "maintenance")
        barrier.openAll()
        try await engine.wait(
          for: [
            "snapshot": "succeeded", "resume": "succeeded", "after[0].hook": "succeeded", "after[1].hook": "succeeded",
            "next": "ready",
            "after[0].plain": "ready",
          ], in: run)
        let waiting = try await engine.rows(
          "select name as a, waits_for as b from holdfast.waiting where run_id = \(run) and name in ('next', 'resume')")
        #expect(waiting == [["next", "paused"]])
        // Neither a new run nor one that begins with a step marked always.
        let new = try await engine.submit(
          [
            step("a", ["always": true]),
            group("g", over: "$.params.items", [step("b", ["always": true])], ["always": true]),
          ], more.merging(["params": ["items": [1]]]) { $1 })
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await engine.states(new) == ["a": "ready", "g": "succeeded", "g[0].b": "ready"])
        // A cancel undoes what was done.
        _ = try await engine.client.cancel(run, reason: "x")
        #expect(try await engine.end(of: run) == "cancelled")
        #expect(try await engine.states(run)["undo:quiesce"] == "succeeded")
        _ = try await engine.client.resume(scope, "p")
        #expect(try await engine.end(of: new) == "succeeded")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("higher priorities come first, by run and by step; equals in the order of their coming")
  func priorities() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      var runs: [RunID] = []
      runs.append(
        try await engine.submit([step("low1", "test"), step("urgent", "test", ["priority": 50]), step("low2", "test")]))
      runs.append(try await engine.submit([step("high", "test")], ["priority": 10]))
      runs.append(try await engine.submit([step("lowest", "test")], ["priority": -5]))
      try await engine.working(Crew(slots: 1, kinds: [recorder.kind])) {
        for run in runs { try await engine.end(of: run) }
      }
      #expect(recorder.notes == ["urgent", "high", "low1", "low2", "lowest"])
    }
  }

  @Test("steps go to workers with their labels only; without such a worker they wait, and say so by being ready")
  func labels() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([
        step("one", ["on": ["node": "n1"]]), step("both", ["on": ["node": "n2", "zone": "z"]]),
        step("nowhere", ["on": ["node": "n3"]]), step("any"),
      ])
      try await engine.working(Crew(labels: ["node": "n1", "zone": "z"])) {
        try await engine.wait(for: ["one": "succeeded", "any": "succeeded", "both": "ready"], in: run)
        try await engine.working(Crew(labels: ["node": "n2", "zone": "z", "more": "x"])) {
          try await engine.wait(for: ["both": "succeeded", "nowhere": "ready"], in: run)
        }
        _ = try await engine.client.cancel(run, reason: "no such node")
        #expect(try await engine.end(of: run) == "cancelled")
      }
    }
  }

  @Test("a worker serves its queues only; one without a list serves all")
  func queues() async throws {
    try await withEngine { engine in
      let fast = try await engine.submit([step("a")], ["queue": "fast"])
      let slow = try await engine.submit([step("a")], ["queue": "slow"])
      try await engine.working(Crew(queues: ["fast", "other"])) {
        #expect(try await engine.end(of: fast) == "succeeded")
        try await Task.sleep(for: .milliseconds(250))
        #expect(try await engine.states(slow) == ["a": "ready"])
      }
      try await engine.working { try await engine.end(of: slow) }
      #expect(try await engine.state(slow) == "succeeded")
    }
  }

  @Test("a worker that registers while a submit makes a lane has that lane at once")
  func newLanes() async throws {
    try await withEngine { engine in
      let submitter = try await engine.connect()
      try await submitter.execute(
        #"begin; select holdfast.submit('{"workflow": "w", "queue": "new", "steps": [{"name": "a", "uses": "noop"}]}')"#
      )
      let registering = Task { try await HandWorker(engine, kinds: ["noop"]).claim(1) }
      try await Task.sleep(for: .milliseconds(200))
      try await submitter.execute("commit")
      #expect(try await registering.value.map(\.name) == ["a"])

      // And the other way round.
      let registrar = try await engine.connect()
      try await registrar.execute("begin; select holdfast.register('w', 1, '{noop}')")
      let submitting = Task { try await engine.submit([step("b")], ["queue": "newer"]) }
      try await Task.sleep(for: .milliseconds(200))
      try await registrar.execute("commit")
      _ = try await submitting.value
      #expect(try await engine.int("select count(*) from holdfast.worker_lane where worker_id = 2") == 2)
    }
  }
}
