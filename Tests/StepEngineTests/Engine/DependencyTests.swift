import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Dependencies between steps")
struct DependencyTests {
  @Test("a chain runs in order")
  func chain() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await engine.working(Crew(kinds: [recorder.kind])) {
        let steps = (1...20).map { step("s\($0)", "test", needs: $0 == 1 ? [] : ["s\($0 - 1)"]) }
        let run = try await engine.submit(steps)
        #expect(try await engine.end(of: run) == "succeeded")
      }
      #expect(recorder.notes == (1...20).map { "s\($0)" })
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a diamond's end waits for both sides")
  func diamond() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([
          step("top"), step("left", "test", needs: ["top"]), step("right", "test", needs: ["top"]),
          step("bottom", needs: ["left", "right"]),
        ])
        try await barrier.wait(for: "left")
        try await barrier.wait(for: "right")
        barrier.open("left")
        try await engine.wait(for: ["left": "succeeded", "bottom": "blocked"], in: run)
        barrier.open("right")
        #expect(try await engine.end(of: run) == "succeeded")
      }
    }
  }

  @Test("what needs a failed step is omitted all the way down; what does not goes on; always steps run")
  func omitted() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit([
          step("bad", "fail", ["with": ["class": "permanent", "message": "no luck"]]),
          step("child", needs: ["bad"]), step("grandchild", needs: ["child"]), step("other"),
          step("both", needs: ["bad", "other"]), step("tidy", needs: ["grandchild", "other"], ["always": true]),
          step("after", needs: ["tidy"]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "step bad: no luck")
        #expect(
          try await engine.states(run) == [
            "bad": "failed", "child": "omitted", "grandchild": "omitted", "other": "succeeded", "both": "omitted",
            "tidy": "succeeded", "after": "succeeded",
          ])
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  static let conditions: [(when: String, state: String)] = [
    ("$.params.on == true", "succeeded"),
    ("$.params.on == false", "skipped"),
    ("$.params.missing == 1", "skipped"),
    ("$.steps.a.n > 2", "succeeded"),
    ("$.steps.a.n > 3", "skipped"),
    ("$.steps.a.missing.deeper == 3", "skipped"),
    ("exists($.steps.a.n)", "succeeded"),
    ("!exists($.steps.b)", "succeeded"),
    ("$.params.on", "succeeded"),
    // No truth value at all is a mistake, not a false.
    ("$.params.missing", "failed"),
    ("$.params.text", "failed"),
    ("$variable == 1", "failed"),
  ]

  @Test("a condition decides by parameters and outputs", arguments: conditions)
  func when(_ condition: (when: String, state: String)) async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit(
          [
            step("a", ["with": ["outputs": ["n": 3]]]),
            step("b", needs: ["a"], ["when": .string(condition.when), "refs": ["a"]]), step("c", needs: ["b"]),
          ], ["params": ["on": true, "text": "x"]])
        try await engine.end(of: run)
        let after = condition.state == "failed" ? "omitted" : "succeeded"
        #expect(try await engine.states(run) == ["a": "succeeded", "b": condition.state, "c": after])
      }
    }
  }

  @Test("a step gets the outputs and parameters that it asks for, and no others")
  func inputs() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = TestKind { step in
        recorder.note(JSONValue.object(["p": step.params, "i": .object(step.inputs)]).text)
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit(
          [
            step("a", ["with": ["outputs": ["n": 3, "text": "ä\"\\"]]]), step("none", needs: ["a"]),
            step("x", "test", needs: ["none"], ["refs": ["a", "none"], "params": true]),
            step("y", "test", needs: ["x"]),
          ], ["params": ["k": [1, 2.5, nil]]])
        #expect(try await engine.end(of: run) == "succeeded")
      }
      #expect(
        recorder.notes == [
          #"{"i":{"a":{"n":3,"text":"ä\"\\"},"none":null},"p":{"k":[1,2.5,null]}}"#, #"{"i":{},"p":{}}"#,
        ])
    }
  }

  @Test("outputs over the limit fail the step with a sentence, and at once")
  func outputLimit() async throws {
    try await withEngine { engine in
      try await engine.set("output_limit_bytes", "100")
      try await engine.working {
        let run = try await engine.submit([
          step("ok", ["with": ["outputs": ["x": .string(String(repeating: "x", count: 50))]]]),
          step("big", ["with": ["outputs": ["x": .string(String(repeating: "x", count: 150))]]]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.history("ok", in: run) == ["succeeded"])
        #expect(try await engine.history("big", in: run) == ["failed"])
        #expect(
          try await engine.message("big", in: run)
            == "its outputs are 159 bytes, over the limit of 100; store large data elsewhere and put out where")
      }
    }
  }

  @Test("outputs that are no object, or that PostgreSQL can't hold, fail their step only")
  func badOutputs() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        switch step.name {
        case "list": .succeeded(outputs: [1])
        case "zero": .succeeded(outputs: ["a": "x\0y"])
        default: .succeeded(outputs: ["number": .double(.infinity)])
        }
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("list", "test"), step("zero", "test"), step("endless", "test"), step("fine"),
        ])
        #expect(try await engine.end(of: run) == "failed")
        let states = try await engine.states(run)
        #expect(states["list"] == "failed" && states["zero"] == "failed" && states["fine"] == "succeeded")
      }
    }
  }
}
