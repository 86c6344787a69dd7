import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Groups")
struct GroupTests {
  private func plan(_ count: Int) -> [String: JSONValue] {
    ["params": ["list": .array((1...count).map { .int(Int64($0)) })]]
  }

  @Test("items flow independently: the second is through while the first still waits")
  func independent() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [group("g", over: "$.params.list", [step("x", "test"), step("y", needs: ["x"])]), step("z", needs: ["g"])],
          plan(2))
        try await barrier.wait(for: "g[0].x")
        barrier.open("g[1].x")
        try await engine.wait(
          for: ["g[1].y": "succeeded", "g[0].x": "leased", "g[0].y": "blocked", "z": "blocked"], in: run)
        barrier.open("g[0].x")
        #expect(try await engine.end(of: run) == "succeeded")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a need on an inner step is met when that step is over for every item, whatever else the items do")
  func needOnInnerStep() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [
            group("g", over: "$.params.list", [step("x"), step("y", "test", needs: ["x"])]),
            step("early", needs: ["g.x"]),
            step("late", needs: ["g"]), step("both", needs: ["g.x", "g.y"]),
          ], plan(3))
        try await engine.wait(for: ["early": "succeeded", "late": "blocked", "both": "blocked"], in: run)
        for item in 0..<3 {
          #expect(try await engine.states(run)["late"] == "blocked")
          barrier.open("g[\(item)].y")
          try await engine.wait(for: ["g[\(item)].y": "succeeded"], in: run)
        }
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.states(run)["both"] == "succeeded")
      }
    }
  }

  @Test("nested groups: needs on a nested path, on an inner group, and on the outer one")
  func nested() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(slots: 20, kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [
            group(
              "g", over: "$.params.list",
              [
                step("first"),
                group(
                  "h", over: "$.item.item.inner", needs: ["first"], [step("x"), step("y", "test", needs: ["x"])],
                  ["as": "leaf"]),
                step("last", needs: ["h"]),
              ]),
            step("onX", needs: ["g.h.x"]), step("onH", needs: ["g.h"]), step("onG", needs: ["g"]),
          ], ["params": ["list": [["inner": ["a", "b"]], ["inner": []], ["inner": ["c"]]]]])
        try await engine.wait(
          for: ["onX": "succeeded", "g[1].last": "succeeded", "onH": "blocked", "onG": "blocked"], in: run)
        barrier.open("g[2].h[0].y")
        try await engine.wait(for: ["g[2].last": "succeeded", "g[0].last": "blocked", "onH": "blocked"], in: run)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
        let states = try await engine.states(run)
        #expect(states.count == 19)  // 3 outside, the group, 3 in each of 3 items, 2 in each of 3 leaves
        #expect(Set(states.values) == ["succeeded"], "\(states)")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("an empty list is over at once; a list that is not there fails")
  func emptyAndMissing() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit(
          [
            group("none", over: "$.params.list", [step("x")]), step("a", needs: ["none"]), step("b", needs: ["none.x"]),
            group("missing", over: "$.params.nope", [step("x")]), step("c", needs: ["missing"]),
            step("d", needs: ["missing.x", "a"]),
            group("text", over: "$.params.text", [step("x")]),
            group("filtered", over: "$.params.nope[*]", [step("x")]),
          ], ["params": ["list": [], "text": "abc"]])
        #expect(try await engine.end(of: run) == "failed")
        #expect(
          try await engine.states(run) == [
            "none": "succeeded", "a": "succeeded", "b": "succeeded", "missing": "failed", "c": "omitted",
            "d": "omitted",
            "text": "failed", "filtered": "succeeded",
          ])
        #expect(
          try await engine.message("missing", in: run)
            == "its condition or list can't be evaluated: there is no list at $.params.nope")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("one failed item fails what needs the group, not the other items")
  func failedItem() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        if step.item?["item"] == 2 { throw StepFailure(.permanent, "two") }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit(
          [
            group("g", over: "$.params.list", [step("x", "test"), step("y", needs: ["x"])]), step("z", needs: ["g"]),
            step("tidy", needs: ["g"], ["always": true]),
          ], plan(3))
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.failure(run) == "step g[1].x: two")
        #expect(
          try await engine.states(run) == [
            "g": "succeeded", "g[0].x": "succeeded", "g[0].y": "succeeded", "g[1].x": "failed", "g[1].y": "omitted",
            "g[2].x": "succeeded", "g[2].y": "succeeded", "z": "omitted", "tidy": "succeeded",
          ])
      }
    }
  }

  @Test("bindings of items, refs to siblings, to outer steps, and to all items as a list")
  func inputs() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = TestKind { step in
        if step.with["note"] != nil {
          recorder.note("\(step.name) \(JSONValue.object(["i": .object(step.inputs), "b": step.item ?? .null]).text)")
        }
        return .succeeded(outputs: ["from": .string(step.name)])
      }
      let note: JSONValue = ["note": true]
      try await engine.working(Crew(slots: 1, kinds: [kind])) {
        let run = try await engine.submit(
          [
            step("a", "test"),
            group(
              "g", over: "$.params.list", needs: ["a"],
              [
                step("x", "test"),
                group(
                  "h", over: "$.params.two", needs: ["x"], [step("deep", "test", ["refs": ["a"]])],
                  ["as": "leaf", "refs": ["a"]]),
                step("y", "test", needs: ["x", "h"], ["refs": ["x", "a", "h.deep"], "with": note]),
              ], ["refs": ["a"]]),
            step("z", "test", needs: ["g"], ["refs": ["g.x", "g.h.deep"], "with": note]),
          ], ["params": ["list": ["p", "q"], "two": [1, 2]]])
        #expect(try await engine.end(of: run) == "succeeded")
      }
      func outputs(_ names: String...) -> String { names.map { #"{"from":"\#($0)"}"# }.joined(separator: ",") }
      let y = ["p", "q"].enumerated().map { i, binding in
        #"g[\#(i)].y {"b":{"item":"\#(binding)"},"i":{"a":\#(outputs("a")),"h.deep":[\#(outputs("g[\(i)].h[0].deep", "g[\(i)].h[1].deep"))],"x":\#(outputs("g[\(i)].x"))}}"#
      }
      let deep = outputs("g[0].h[0].deep", "g[0].h[1].deep", "g[1].h[0].deep", "g[1].h[1].deep")
      let z = #"z {"b":null,"i":{"g.h.deep":[\#(deep)],"g.x":[\#(outputs("g[0].x", "g[1].x"))]}}"#
      #expect(recorder.notes.sorted() == (y + [z]).sorted())
    }
  }

  @Test("of a step's outputs come only those that are asked for; a group sees what its list needs")
  func fields() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      let kind = TestKind { step in
        guard step.name == "list" else {
          recorder.note("\(step.name) \(JSONValue.object(step.inputs).text)")
          return .succeeded(outputs: step.item == nil ? nil : ["size": 2, "other": true])
        }
        return .succeeded(outputs: ["names": ["p"], "port": 1, "other": true])
      }
      try await engine.working(Crew(slots: 1, kinds: [kind])) {
        let run = try await engine.submit([
          step("list", "test"),
          group(
            "g", over: "$.steps.list.names", needs: ["list"],
            [step("x", "test", ["refs": ["list"], "fields": ["list": ["port", "missing"]]])],
            ["refs": ["list"], "fields": ["list": ["names"]]]),
          step("none", "test", needs: ["g"], ["refs": ["list"], "fields": ["list": []]]),
          step("whole", "test", needs: ["none"], ["refs": ["list"]]),
          step("all", "test", needs: ["whole"], ["refs": ["g.x"], "fields": ["g.x": ["size"]]]),
        ])
        #expect(try await engine.end(of: run) == "succeeded")
      }
      #expect(
        recorder.notes == [
          #"g[0].x {"list":{"port":1}}"#, #"none {"list":{}}"#,
          #"whole {"list":{"names":["p"],"other":true,"port":1}}"#, #"all {"g.x":[{"size":2}]}"#,
        ])
    }
  }

  @Test("a group expands over the outputs of an earlier step, and its own condition can skip it")
  func fromOutputs() async throws {
    try await withEngine { engine in
      try await engine.working {
        let run = try await engine.submit(
          [
            step("list", ["with": ["outputs": ["names": ["a", "b", "c"]]]]),
            group("g", over: "$.steps.list.names[*] ? (@ != \"b\")", needs: ["list"], [step("x")], ["refs": ["list"]]),
            group(
              "h", over: "$.steps.list.names", needs: ["list"], [step("x")],
              ["refs": ["list"], "when": "$.params.no == true"]),
            step("z", needs: ["g", "h.x"]),
          ])
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(
          try await engine.states(run) == [
            "list": "succeeded", "g": "succeeded", "g[0].x": "succeeded", "g[1].x": "succeeded", "h": "skipped",
            "z": "succeeded",
          ])
      }
    }
  }
}
