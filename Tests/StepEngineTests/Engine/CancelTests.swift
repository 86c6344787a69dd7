import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Cancelling and retrying runs")
struct CancelTests {
  @Test("a cancel ends what is ready, parked, running and blocked; always steps still run")
  func everyState() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([
          step("done"), step("ready", ["on": ["node": "nowhere"]]), step("parked", "approval"),
          step("retrying", "fail", ["retry": ["initialSeconds": 1000, "maxSeconds": 1000]]),
          step("leased", "test"), step("blocked", needs: ["leased"]),
          step("tidy", needs: ["leased", "blocked"], ["always": true]),
          step("tidyLong", "test", ["always": true]),
        ])
        try await barrier.wait(for: "leased")
        try await engine.wait(for: ["done": "succeeded", "parked": "parked", "retrying": "parked"], in: run)
        #expect(try await engine.client.cancel(run, reason: "enough"))
        try await engine.wait(for: ["leased": "cancelled", "tidy": "succeeded"], in: run)
        // What runs always is not disturbed, and the run waits for it.
        #expect(try await engine.state(run) == "cancelling")
        #expect(try await engine.states(run)["tidyLong"] == "leased")
        #expect(try await engine.client.cancel(run, reason: "again"))
        barrier.openAll()
        #expect(try await engine.end(of: run) == "cancelled")
        let states: [String: String] = try await engine.states(run)
        let expected = [
          "done": "succeeded", "ready": "cancelled", "parked": "cancelled", "retrying": "cancelled",
          "leased": "cancelled", "blocked": "omitted", "tidy": "succeeded", "tidyLong": "succeeded",
        ]
        #expect(states == expected)
        #expect(try await engine.message("ready", in: run) == "enough")
        #expect(try await engine.message("leased", in: run) == "enough")
        #expect(try await engine.client.cancel(run, reason: "too late") == false)
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancel and a report of steps of the same run at one moment don't wait for each other in a circle")
  func besideReports() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let run = try await engine.submit([step("a"), step("b"), step("c")])
      let claimed = try await worker.claim(2)
      // The cancel has the run, and comes to its leases while the report has one of them and waits for the run.
      let cancelling = Task {
        let connection = try await engine.connect()
        try await connection.execute("begin; select from holdfast.run where run_id = \(run) for update")
        try await Task.sleep(for: .seconds(1))
        try await connection.execute("select holdfast.cancel(\(run), 'enough'); commit")
      }
      try await Task.sleep(for: .milliseconds(400))
      let reply = try await worker.exchange([
        StepReport(step: claimed[0].step, result: .succeeded(outputs: nil)),
        StepReport(step: claimed[1].step, result: .failed(StepFailure(.retryable, "no"))),
      ])
      try await cancelling.value
      #expect(reply.stale == [])
      #expect(try await engine.states(run) == ["a": "succeeded", "b": "cancelled", "c": "cancelled"])
      #expect(try await engine.state(run) == "cancelled")
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancel without any worker ends at once; one of an unknown run is refused")
  func withoutWorkers() async throws {
    try await withEngine { engine in
      let run = try await engine.submit([step("a"), step("b", needs: ["a"])])
      #expect(try await engine.client.cancel(run, reason: "x"))
      #expect(try await engine.state(run) == "cancelled")
      let error = await storeError { _ = try await engine.client.cancel(RunID(7), reason: "x") }
      #expect(error == StoreError(.notFound, "there is no run 7"))
    }
  }

  @Test("a cancel reaches the runs that steps started, and a child's end wakes its parent's step")
  func children() async throws {
    try await withEngine { engine in
      let kind = TestKind("test") { step in
        guard step.with["starts"] != nil else { return .succeeded(outputs: nil) }
        if let signal = step.signal { return .succeeded(outputs: ["child": signal["state"] ?? .null]) }
        let steps: JSONValue =
          step.name == "starts" ? [["name": "a", "uses": "noop"]] : [["name": "a", "uses": "approval"]]
        let child = try await engine.client.submit(
          ["workflow": "child", "steps": steps], key: "child of \(step.id)", parent: step.id)
        return .wait(StepWait(signal: "run/\(child)", reason: "waits for run \(child)"))
      }
      try await engine.working(Crew(kinds: [kind])) {
        let starts: [String: JSONValue] = ["with": ["starts": true]]
        let first = try await engine.submit([step("starts", "test", starts)])
        #expect(try await engine.end(of: first) == "succeeded")
        #expect(
          try await engine.value("select outputs ->> 'child' from holdfast.attempt where outputs is not null")
            == "succeeded")

        let second = try await engine.submit([step("long", "test", starts)])
        try await engine.wait(for: ["long": "parked"], in: second)
        let child = RunID(
          Int64(
            try await engine.int(
              "select run_id from holdfast.run where finished_at is null and parent_step is not null")))
        try await engine.wait(for: ["a": "parked"], in: child)
        #expect(try await engine.client.cancel(second, reason: "enough"))
        #expect(try await engine.end(of: second) == "cancelled")
        #expect(try await engine.end(of: child) == "cancelled")
        #expect(
          try await engine.value("select stop_reason from holdfast.run where run_id = \(child)")
            == "the run that started it was stopped: enough")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a child that was started at the moment of the cancel is cancelled as well, unless an always-step started it")
  func lateChildren() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([step("starts", "test"), step("always", "test", ["always": true])])
        try await barrier.wait(for: "always")
        #expect(try await engine.client.cancel(run, reason: "enough"))
        var children: [RunID] = []
        for parent in ["starts", "always"] {
          children.append(
            try await engine.client.submit(
              ["workflow": "child", "steps": [step("a", "approval")]], parent: engine.step(parent, in: run)))
        }
        #expect(try await engine.end(of: children[0]) == "cancelled")
        #expect(try await engine.state(children[1]) == "running")
        #expect(try await engine.client.cancel(children[1], reason: "enough"))
        barrier.openAll()
        #expect(try await engine.end(of: run) == "cancelled")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a child run may end after its parent")
  func orphan() async throws {
    try await withEngine { engine in
      try await engine.working {
        let parent = try await engine.submit([step("a")])
        try await engine.end(of: parent)
        let child = try await engine.client.submit(
          ["workflow": "child", "steps": [step("c")]], parent: engine.step("a", in: parent))
        #expect(try await engine.end(of: child) == "succeeded")
      }
    }
  }

  @Test("a retry repeats what did not succeed, and keeps what did")
  func retry() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let broken = Barrier()
      let kind = TestKind { step in
        recorder.note(step.name)
        if step.name == "bad", broken.arrived.isEmpty { throw StepFailure(.permanent, "no") }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(slots: 1, kinds: [kind])) {
        let run = try await engine.submit([
          step("a", "test"), step("bad", "test", needs: ["a"]), step("c", "test", needs: ["bad"]),
          step("both", "test", needs: ["a", "c"]), step("side", "test"),
          step("tidy", "test", needs: ["both"], ["always": true]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(Set(recorder.notes) == ["a", "bad", "side", "tidy"])
        Task { try await broken.pass("mended") }
        try await broken.wait(for: "mended")
        broken.openAll()
        #expect(try await engine.client.retry(run) == 4)
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(recorder.notes.suffix(4) == ["bad", "c", "both", "tidy"])
        #expect(try await engine.failure(run) == "∅")
        #expect(try await engine.history("c", in: run) == ["omitted", "reopened", "succeeded"])

        let error = await storeError { _ = try await engine.client.retry(run) }
        #expect(error == StoreError(.wrongState, "run \(run) succeeded; name the step to repeat it from"))
        #expect(try await engine.client.retry(run, from: "c") == 3)
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(recorder.notes.suffix(3) == ["c", "both", "tidy"])
        let unknown = await storeError { _ = try await engine.client.retry(run, from: "nope") }
        #expect(unknown == StoreError(.notFound, "run \(run) has no step 'nope'"))
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancelled run can be retried, with its groups; a live one can't")
  func retryCancelled() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [
            step("a", ["undo": ["uses": "noop"]]),
            group("g", over: "$.params.list", needs: ["a"], [step("x"), step("y", "test", needs: ["x"])]),
            step("z", needs: ["g"]),
          ], ["params": ["list": [1, 2]]])
        try await barrier.wait(for: "g[0].y")
        let live = await storeError { _ = try await engine.client.retry(run) }
        #expect(live == StoreError(.wrongState, "run \(run) is not over yet; cancel it first"))
        barrier.open("g[1].y")
        try await engine.wait(for: ["g[1].y": "succeeded"], in: run)
        _ = try await engine.client.cancel(run, reason: "x")
        #expect(try await engine.end(of: run) == "cancelled")
        barrier.openAll()
        // What was undone is done again, and so is everything after it.
        #expect(try await engine.client.retry(run) > 0)
        #expect(try await engine.end(of: run) == "succeeded")
        let states: [String: String] = try await engine.states(run)
        let expected = [
          "a": "succeeded", "g": "succeeded", "g[0].x": "succeeded", "g[0].y": "succeeded", "g[1].x": "succeeded",
          "g[1].y": "succeeded", "z": "succeeded", "undo:a": "succeeded",
          // For the record.
          "old:g[0].x": "succeeded", "old:g[0].y": "cancelled", "old:g[1].x": "succeeded",
          "old:g[1].y": "succeeded",
        ]
        #expect(states == expected)
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a retry from a step before a group expands it anew, and later steps see the new outputs only")
  func retryBeforeGroup() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = TestKind { step in
        if step.name == "list" {
          recorder.note("list")
          return .succeeded(outputs: ["l": recorder.notes.count == 1 ? ["p", "q", "r"] : ["s"]])
        }
        if step.name == "z" { recorder.note(JSONValue.object(step.inputs).text) }
        return .succeeded(outputs: step.item)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("list", "test"),
          group("g", over: "$.steps.list.l", needs: ["list"], [step("x", "test")], ["refs": ["list"]]),
          step("z", "test", needs: ["g"], ["refs": ["g.x", "list"]]),
        ])
        #expect(try await engine.end(of: run) == "succeeded")
        _ = try await engine.client.retry(run, from: "list")
        #expect(try await engine.end(of: run) == "succeeded")
        // The old instances are still told of, and nothing needs them.
        let old = ["old:g[0].x", "old:g[1].x", "old:g[2].x"]
        let states: [String: String] = try await engine.states(run)
        #expect(Set(states.keys) == Set(["list", "g", "z", "g[0].x"] + old))
        let logged = try await engine.rows(
          "select step as a, count(*) as b from holdfast.attempt_log where run_id = \(run) group by 1 order by 1")
        #expect(
          logged == [
            ["g", "3"], ["g[0].x", "1"], ["list", "3"], ["old:g[0].x", "1"], ["old:g[1].x", "1"],
            ["old:g[2].x", "1"], ["z", "3"],
          ])
        #expect(
          try await engine.int("select count(*) from holdfast.step_need where run_id = \(run) and need like 'old:%'")
            == 0)
        for name in old {
          let error = await storeError { _ = try await engine.client.retry(run, from: name) }
          #expect(error?.kind == .notFound)
        }
        #expect(try await engine.client.retry(run, from: "list") == 3)
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.states(run)["old:g[0].x"] == "succeeded+succeeded")
      }
      let expected = [
        "list", #"{"g.x":[{"item":"p"},{"item":"q"},{"item":"r"}],"list":{"l":["p","q","r"]}}"#, "list",
        #"{"g.x":[{"item":"s"}],"list":{"l":["s"]}}"#, "list", #"{"g.x":[{"item":"s"}],"list":{"l":["s"]}}"#,
      ]
      #expect(recorder.notes == expected)
      #expect(try await engine.leftovers() == [:])
    }
  }
}
