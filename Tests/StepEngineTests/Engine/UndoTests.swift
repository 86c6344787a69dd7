import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Undo")
struct UndoTests {
  private let undo: [String: JSONValue] = ["undo": ["uses": "test"]]

  /// Notes undo steps with what they are given; `bad` steps fail, `hold` waits.
  private func kind(_ recorder: Recorder, _ barrier: Barrier = Barrier()) -> TestKind {
    TestKind { step in
      let own = step.name.split(separator: ".").last.map(String.init) ?? step.name
      if step.name.hasPrefix("undo:") {
        recorder.note(step.name + " " + JSONValue.object(["i": .object(step.inputs), "b": step.item ?? .null]).text)
      }
      if own == "undo:breaks" { throw StepFailure(.permanent, "can't undo") }
      if own == "bad" { throw StepFailure(.permanent, "no") }
      if own == "hold" { try await barrier.pass(step.name) }
      return .succeeded(outputs: ["made": .string(step.name)])
    }
  }

  @Test("a failed run undoes what was started, last first, with the outputs of each; nothing else")
  func order() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(kinds: [kind(recorder)])) {
        let run = try await engine.submit([
          step("a", "test", undo), step("b", "test", needs: ["a"], undo), step("plain", "test", needs: ["b"]),
          step("breaks", "test", needs: ["plain"], undo), step("c", "test", needs: ["breaks"], undo),
          step("bad", "test", needs: ["c"], undo), step("never", "test", needs: ["bad"], undo),
        ])
        #expect(try await engine.end(of: run) == "failed")
        // The undo that fails is noted, and hinders no other; what failed first stays the reason.
        #expect(try await engine.failure(run) == "step bad: no")
        #expect(try await engine.states(run)["undo:breaks"] == "failed")
      }
      func line(_ name: String) -> String { #"undo:\#(name) {"b":null,"i":{"\#(name)":{"made":"\#(name)"}}}"# }
      let expected = [#"undo:bad {"b":null,"i":{"bad":null}}"#, line("c"), line("breaks"), line("b"), line("a")]
      #expect(recorder.notes == expected)
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a run that succeeds undoes nothing")
  func success() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(kinds: [kind(recorder)])) {
        let run = try await engine.submit([step("a", "test", undo), step("b", "test", needs: ["a"], undo)])
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.states(run).count == 2)
      }
      #expect(recorder.notes == [])
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("an undo is left out if the step that it names has done it already")
  func unless() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(kinds: [kind(recorder)])) {
        let steps = [
          step("freeze", "test", ["undo": ["uses": "test", "unless": "thaw"]]), step("thaw", "test", needs: ["freeze"]),
          step("other", "test", needs: ["thaw"], ["undo": ["uses": "test", "unless": "never"]]),
          step("bad", "test", needs: ["other"]), step("never", needs: ["bad"]),
        ]
        let run = try await engine.submit(steps)
        #expect(try await engine.end(of: run) == "failed")
      }
      #expect(recorder.notes == [#"undo:other {"b":null,"i":{"other":{"made":"other"}}}"#])
    }
  }

  @Test("inside of groups, each started item is undone with its binding and refs")
  func groups() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(slots: 1, kinds: [kind(recorder)])) {
        let run = try await engine.submit(
          [
            step("first", "test"),
            group(
              "g", over: "$.params.list", needs: ["first"],
              [step("x", "test", ["undo": ["uses": "test"], "refs": ["first"]])], ["refs": ["first"]]),
            step("bad", "test", needs: ["g"]),
          ], ["params": ["list": ["p", "q"]]])
        #expect(try await engine.end(of: run) == "failed")
      }
      let expected = [(1, "q"), (0, "p")].map { i, b in
        #"undo:g[\#(i)].x {"b":{"item":"\#(b)"},"i":{"first":{"made":"first"},"x":{"made":"g[\#(i)].x"}}}"#
      }
      #expect(recorder.notes == expected)
    }
  }

  @Test("a cancelled run undoes what was started, also what was stopped in the middle")
  func cancel() async throws {
    try await withEngine { engine in
      let (recorder, barrier) = (Recorder(), Barrier())
      try await engine.working(Crew(kinds: [kind(recorder, barrier)])) {
        let run = try await engine.submit([
          step("a", "test", undo), step("hold", "test", needs: ["a"], undo),
          step("later", "test", needs: ["hold"], undo),
        ])
        try await barrier.wait(for: "hold")
        #expect(try await engine.client.cancel(run, reason: "enough"))
        #expect(try await engine.end(of: run) == "cancelled")
        let states: [String: String] = try await engine.states(run)
        let expected = [
          "a": "succeeded", "hold": "cancelled", "later": "omitted", "undo:hold": "succeeded", "undo:a": "succeeded",
        ]
        #expect(states == expected)
      }
      #expect(recorder.notes.map { String($0.prefix(9)) } == ["undo:hold", "undo:a {\""])
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a cancel while undoing changes nothing; a retry that fails again undoes again only what ran again")
  func twice() async throws {
    try await withEngine { engine in
      let (recorder, barrier) = (Recorder(), Barrier())
      let kind = TestKind { step in
        if step.name.hasPrefix("undo:") {
          recorder.note(step.name)
          try await barrier.pass(step.name)
        }
        if step.name == "bad" { throw StepFailure(.permanent, "no") }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([step("a", "test", undo), step("free"), step("bad", "test", needs: ["a"])])
        try await barrier.wait(for: "undo:a")
        #expect(try await engine.state(run) == "undoing")
        #expect(try await engine.client.cancel(run, reason: "now"))
        #expect(try await engine.state(run) == "undoing")
        barrier.openAll()
        #expect(try await engine.end(of: run) == "failed")
        #expect(recorder.notes == ["undo:a"])
        #expect(try await engine.client.retry(run) == 2)
        #expect(try await engine.end(of: run) == "failed")
        #expect(recorder.notes == ["undo:a", "undo:a"])
        #expect(try await engine.history("free", in: run) == ["succeeded"])
        #expect(try await engine.history("a", in: run) == ["succeeded", "reopened", "succeeded"])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a retry from a step with an undo repeats those before it that have one; from another step it does not")
  func retryFrom() async throws {
    try await withEngine { engine in
      try await engine.working {
        let noop: [String: JSONValue] = ["undo": ["uses": "noop"]]
        let run = try await engine.submit(
          [
            step("plain"), group("rest", over: "$.params.list", needs: ["plain"], [step("hooks", noop)]),
            group("g", over: "$.params.list", needs: ["rest"], [step("x", noop), step("y", needs: ["x"])]),
            step("z", needs: ["g.y"]),
          ], ["params": ["list": [1]]])
        for (from, count) in [("z", 1), ("g[0].y", 2), ("g[0].x", 3), ("g", 3)] {
          #expect(try await engine.end(of: run) == "succeeded")
          #expect(try await engine.client.retry(run, from: from) == count, "from \(from)")
        }
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(
          try await engine.history("rest[0].hooks", in: run) == [
            "succeeded", "reopened", "succeeded", "reopened", "succeeded",
          ])
        #expect(try await engine.history("plain", in: run) == ["succeeded"])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a retry from an urgent step begins with what that belongs to, though it has no undo itself")
  func retryFromUrgent() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit([
          step("rest", ["undo": ["uses": "noop"]]), step("work", needs: ["rest"], ["urgent": true]),
          step("after", needs: ["work"]),
        ])
        for (from, count) in [("after", 1), ("work", 3)] {
          #expect(try await engine.end(of: run) == "succeeded")
          #expect(try await engine.client.retry(run, from: from) == count, "from \(from)")
        }
        #expect(try await engine.end(of: run) == "succeeded")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  /// Notes the steps; these fail the first time.
  private func failingOnce(_ names: Set<String>, _ recorder: Recorder) -> TestKind {
    TestKind { step in
      recorder.note(step.name)
      let isFirst = recorder.notes.count { $0 == step.name } == 1
      if isFirst, names.contains(step.name) { throw StepFailure(.permanent, "no") }
      return .succeeded(outputs: nil)
    }
  }

  @Test("a retry of what stands between a set-up and its teardown repeats the set-up; one of what comes after does not")
  func retryBetween() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(slots: 1, kinds: [failingOnce(["snapshot", "record"], recorder)])) {
        let run = try await engine.submit([
          step("quiesce", "test", ["undo": ["uses": "test", "unless": "resume"]]),
          step("snapshot", "test", needs: ["quiesce"]), step("resume", "test", needs: ["snapshot"], ["always": true]),
          step("record", "test", needs: ["snapshot", "resume"]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(recorder.notes == ["quiesce", "snapshot", "resume"])
        #expect(try await engine.client.retry(run) == 4)
        #expect(try await engine.end(of: run) == "failed")
        #expect(recorder.notes.suffix(4) == ["quiesce", "snapshot", "resume", "record"])
        #expect(try await engine.client.retry(run) == 1)
        for (from, count) in [("record", 1), ("resume", 2), ("snapshot", 4)] {
          #expect(try await engine.end(of: run) == "succeeded")
          #expect(try await engine.client.retry(run, from: from) == count, "from \(from)")
        }
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(recorder.notes.suffix(4) == ["quiesce", "snapshot", "resume", "record"])
        #expect(recorder.notes.count == 15)
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("such a retry reaches through groups, and stays in the item that it is about")
  func retryBetweenInGroups() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = failingOnce(["volumes[1].snapshot", "g[1].copy"], recorder)
      try await engine.working(Crew(slots: 1, kinds: [kind])) {
        let list: [String: JSONValue] = ["params": ["list": [1, 2]]]
        let around = try await engine.submit(
          [
            step("quiesce", "test", ["undo": ["uses": "test", "unless": "resume"]]),
            group("volumes", over: "$.params.list", needs: ["quiesce"], [step("snapshot", "test")]),
            step("resume", "test", needs: ["volumes.snapshot"], ["always": true]),
          ], list)
        #expect(try await engine.end(of: around) == "failed")
        #expect(try await engine.client.retry(around) == 3)
        #expect(try await engine.end(of: around) == "succeeded")
        let again = ["quiesce", "volumes[0].snapshot", "volumes[1].snapshot", "resume"]
        #expect(recorder.notes == again + again)

        let inside = try await engine.submit(
          [
            group(
              "g", over: "$.params.list",
              [
                step("mount", "test", ["undo": ["uses": "test", "unless": "unmount"]]),
                step("copy", "test", needs: ["mount"]), step("unmount", "test", needs: ["copy"], ["always": true]),
              ])
          ], list)
        #expect(try await engine.end(of: inside) == "failed")
        #expect(try await engine.client.retry(inside) == 3)
        #expect(try await engine.end(of: inside) == "succeeded")
        #expect(recorder.notes.suffix(3) == ["g[1].mount", "g[1].copy", "g[1].unmount"])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }
}
