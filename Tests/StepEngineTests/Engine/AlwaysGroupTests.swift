import JSON
import StepEngine
import TestSupport
import Testing

/// What a backup needs of groups that run whatever happened: the application goes on after a failed snapshot.
@Suite("Groups that always run")
struct AlwaysGroupTests {
  /// discover, quiesce, volumes.snapshot, resume (always), record; and a group at the end of a failed run.
  private func plan(_ found: JSONValue) -> [JSONValue] {
    [
      step("discover", "test", ["with": ["outputs": found]]),
      group(
        "quiesce", over: "$.steps.discover.before", needs: ["discover"], [step("hook", "test")],
        ["refs": ["discover"]]),
      group(
        "volumes", over: "$.steps.discover.volumes", needs: ["quiesce"],
        [step("snapshot", "test"), step("export", "test", needs: ["snapshot"])], ["refs": ["discover"]]),
      group(
        "resume", over: "$.steps.discover.after", needs: ["volumes.snapshot"], [step("hook", "test", ["always": true])],
        ["refs": ["discover"], "always": true, "when": "exists($.steps.discover.after)"]),
      step("record", "test", needs: ["volumes.export", "resume"]),
      group(
        "onFailure:tell", over: "$.steps.discover.failed", needs: ["record"], [step("hook", "test", ["always": true])],
        [
          "refs": ["discover"], "always": true, "run": true,
          "when": #"$.run.outcome == "failed" && exists($.steps.discover.failed)"#,
        ]),
    ]
  }

  private static let found: JSONValue = [
    "before": [1], "after": [1, 2], "volumes": ["good", "bad"], "failed": [1],
  ]

  /// Steps named in `bad` fail; the others put out what they are told to.
  private func kind(failing bad: Set<String>, _ barrier: Barrier? = nil) -> TestKind {
    TestKind { step in
      if let barrier, step.name == "volumes[0].snapshot" { try await barrier.pass(step.name) }
      if bad.contains(step.name) { throw StepFailure(.permanent, "no") }
      return .succeeded(outputs: step.with["outputs"])
    }
  }

  @Test("after a failed snapshot the application goes on, and those who want to know are told")
  func failedSnapshot() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(kinds: [kind(failing: ["volumes[1].snapshot"])])) {
        let run = try await engine.submit(plan(Self.found))
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "step volumes[1].snapshot: no")
        #expect(
          try await engine.states(run) == [
            "discover": "succeeded", "quiesce": "succeeded", "quiesce[0].hook": "succeeded", "volumes": "succeeded",
            "volumes[0].snapshot": "succeeded", "volumes[0].export": "succeeded", "volumes[1].snapshot": "failed",
            "volumes[1].export": "omitted", "resume": "succeeded", "resume[0].hook": "succeeded",
            "resume[1].hook": "succeeded", "record": "omitted", "onFailure:tell": "succeeded",
            "onFailure:tell[0].hook": "succeeded",
          ])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("after a failed hook before it, no snapshot is taken, and the application goes on")
  func failedQuiesce() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(kinds: [kind(failing: ["quiesce[0].hook"])])) {
        let run = try await engine.submit(plan(Self.found))
        #expect(try await engine.end(of: run) == "failed")
        let states = try await engine.states(run)
        #expect(states["volumes"] == "omitted" && states["volumes[0].snapshot"] == nil)
        #expect(states["resume[1].hook"] == "succeeded" && states["record"] == "omitted")
      }
    }
  }

  @Test("what was never discovered is skipped, and the first failure stays the reason")
  func failedDiscovery() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(kinds: [kind(failing: ["discover"])])) {
        let run = try await engine.submit(plan(Self.found))
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "step discover: no")
        #expect(
          try await engine.states(run) == [
            "discover": "failed", "quiesce": "omitted", "volumes": "omitted", "resume": "skipped", "record": "omitted",
            "onFailure:tell": "skipped",
          ])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("empty lists change nothing: without hooks and without volumes the run succeeds")
  func emptyLists() async throws {
    try await withEngine { engine in
      try await engine.working(Crew(kinds: [kind(failing: [])])) {
        for volumes: JSONValue in [[], ["one"]] {
          let found: JSONValue = ["before": [], "after": [], "volumes": volumes, "failed": []]
          let run = try await engine.submit(plan(found))
          #expect(try await engine.end(of: run) == "succeeded")
          let states = try await engine.states(run)
          #expect(states["resume"] == "succeeded" && states["record"] == "succeeded")
          #expect(states["onFailure:tell"] == "skipped")
        }
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancel in the middle of a snapshot lets the application go on")
  func cancelled() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [kind(failing: [], barrier)])) {
        let run = try await engine.submit(plan(Self.found))
        try await barrier.wait(for: "volumes[0].snapshot")
        #expect(try await engine.client.cancel(run, reason: "enough"))
        #expect(try await engine.end(of: run) == "cancelled")
        let states = try await engine.states(run)
        #expect(states["volumes[0].snapshot"] == "cancelled" && states["volumes[0].export"] == "omitted")
        #expect(states["resume"] == "succeeded" && states["resume[0].hook"] == "succeeded")
        #expect(states["resume[1].hook"] == "succeeded" && states["onFailure:tell"] == "skipped")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a step that needs such a group waits for all of its instances")
  func needed() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let kind = TestKind { step in
        if step.name == "bad" { throw StepFailure(.permanent, "no") }
        if step.name.hasPrefix("g[") { try await barrier.pass(step.name) }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit(
          [
            step("bad", "test"),
            group("g", over: "$.params.list", needs: ["bad"], [step("x", "test", ["always": true])], ["always": true]),
            step("plain", needs: ["g"]), step("both", needs: ["g", "bad"]),
            step("tidy", needs: ["g.x"], ["always": true]),
          ], ["params": ["list": [1, 2]]])
        barrier.open("g[0].x")
        try await engine.wait(for: ["g[0].x": "succeeded", "plain": "blocked", "tidy": "blocked"], in: run)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "failed")
        let states = try await engine.states(run)
        // The group did what it was for, so what needs only the group goes on.
        #expect(states["plain"] == "succeeded" && states["both"] == "omitted" && states["tidy"] == "succeeded")
      }
    }
  }
}
