import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Labels and limits of a group's items")
struct ItemLabelTests {
  private let onNode: [String: JSONValue] = ["on": ["node": ["item": "item.node"]]]

  /// Notes `STEP WORKER`.
  private func crew(_ recorder: Recorder, node: String) -> Crew {
    let kind = TestKind { step in
      recorder.note("\(step.name) \(node)")
      if step.with["fails"] == true { throw StepFailure(.permanent, "no") }
      return .succeeded(outputs: nil)
    }
    return Crew(labels: ["node": node], kinds: [kind])
  }

  /// Workers on the nodes `a` and `b`, of one step at a time.
  private func onTwoNodes(_ engine: Engine, _ recorder: Recorder, _ body: () async throws -> Void) async throws {
    try await engine.working(crew(recorder, node: "a")) {
      try await engine.working(crew(recorder, node: "b"), body)
    }
  }

  @Test("each item is done, and undone, where it says; a null or empty label is any worker's")
  func places() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await onTwoNodes(engine, recorder) {
        let run = try await engine.submit(
          [
            group(
              "g", over: "$.params.list",
              [
                step("x", "test", onNode.merging(["undo": ["uses": "test"]]) { $1 }),
                step("y", "test", needs: ["x"], onNode.merging(["with": ["fails": true]]) { $1 }),
              ])
          ],
          [
            "params": [
              "list": [["node": "a"], ["node": "b"], ["node": .null], ["node": ""], [:], ["node": "b"], ["node": "a"]]
            ]
          ])
        #expect(try await engine.end(of: run) == "failed")
        // All items share their bodies; the lanes are one for each node, and one for any.
        #expect(try await engine.int("select count(*) from holdfast.step_body where not spec ? 'always'") == 3)
        #expect(
          try await engine.rows(
            "select distinct labels as a from holdfast.lane where uses = 'test' order by 1"
          ).flatMap(\.self) == ["{}", #"{"node": "a"}"#, #"{"node": "b"}"#])
      }
      let expected = Dictionary(
        uniqueKeysWithValues: [(0, "a"), (1, "b"), (5, "b"), (6, "a")].flatMap { item, node in
          ["g[\(item)].x", "g[\(item)].y", "undo:g[\(item)].x"].map { ($0, node) }
        })
      let done = recorder.notes.map { $0.split(separator: " ").map(String.init) }
      #expect(done.count == 21)
      for entry in done { #expect(expected[entry[0]] ?? entry[1] == entry[1], "\(entry)") }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("in nested groups, from either item; a number counts as its text; an undo may say where itself")
  func nested() async throws {
    try await withEngine { engine in
      let recorder = Recorder()
      try await onTwoNodes(engine, recorder) {
        let run = try await engine.submit(
          [
            group(
              "g", over: "$.params.list",
              [
                group(
                  "h", over: "$.params.inner",
                  [
                    step(
                      "x", "test",
                      [
                        "on": ["node": ["item": "item.node"]],
                        "undo": ["uses": "test", "on": ["node": ["item": "leaf.node"]]],
                      ]),
                    step("y", "test", needs: ["x"], ["on": ["node": ["item": "leaf.node"]]]),
                    step("z", "test", needs: ["y"], ["with": ["fails": true]]),
                  ], ["as": "leaf"])
              ])
          ], ["params": ["list": [["node": "a"]], "inner": [["node": "b"], ["node": "a"]]]])
        #expect(try await engine.end(of: run) == "failed")
      }
      let notes = recorder.notes.filter { !$0.contains("z") }.sorted()
      #expect(
        notes == [
          "g[0].h[0].x a", "g[0].h[0].y b", "g[0].h[1].x a", "g[0].h[1].y a", "undo:g[0].h[0].x b",
          "undo:g[0].h[1].x a",
        ])
      let numbers = try await engine.value(
        #"select holdfast.with_item('{"on": {"node": {"item": "v.n"}, "x": "y"}, "limits": [{"item": "v.n"}, "l"]}', '{"v": {"n": 7}}')"#
      )
      #expect(numbers == #"{"on": {"x": "y", "node": "7"}, "limits": ["7", "l"]}"#)
    }
  }

  @Test("limits of items hold: one at a time for each of two disks")
  func limits() async throws {
    try await withEngine { engine in
      for disk in ["disk-1", "disk-2"] { try await engine.execute("select holdfast.set_limit('\(disk)', 1)") }
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit(
          [group("g", over: "$.params.list", [step("x", "test", ["limits": [["item": "item.disk"]]])])],
          ["params": ["list": [["disk": "disk-1"], ["disk": "disk-1"], ["disk": "disk-2"], ["disk": ""]]]])
        try await engine.wait(
          for: ["g[0].x": "leased", "g[1].x": "ready", "g[2].x": "leased", "g[3].x": "leased"], in: run)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
      }
    }
  }

  @Test("what an item can't give fails the group, before anything of it is started")
  func wrongItems() async throws {
    try await withEngine { engine in
      try await engine.working {
        func failure(_ more: [String: JSONValue], _ item: JSONValue) async throws -> String {
          let run = try await engine.submit(
            [group("g", over: "$.params.list", [step("x", more)])], ["params": ["list": [item]]])
          #expect(try await engine.end(of: run) == "failed")
          #expect(try await engine.states(run) == ["g": "failed"])
          return try await engine.failure(run)
        }
        let prefix = "step g: its condition or list can't be evaluated: "
        let listed = try await failure(onNode, ["node": ["a", "b"]])
        #expect(listed == prefix + #""on" and "limits" take texts from the item, and .item.node is array"#)
        let unknown = try await failure(["limits": [["item": "item.disk"]]], ["disk": "sda"])
        #expect(unknown == prefix + "limit 'sda' is not defined")
        let undo: JSONValue = ["uses": "noop", "on": ["node": ["item": "item"]]]
        let whole = try await failure(["undo": undo], ["disk": "sda"])
        #expect(whole == prefix + #""on" and "limits" take texts from the item, and .item is object"#)
      }
    }
  }

  @Test("only a step in a group, and only of its own items")
  func refused() async throws {
    try await withEngine { engine in
      func message(_ steps: [JSONValue]) async -> String {
        await storeError { _ = try await engine.submit(steps) }?.description ?? "accepted"
      }
      let rule = #""on" and "limits" may take {"item": "NAME.PATH"} of the groups around the step: "#
      #expect(await message([step("x", onNode)]).contains("step x: " + rule + "it is in none"))
      #expect(
        await message([group("g", over: "$.params.list", [step("x", onNode)], ["as": "volume"])]).contains(
          "step g.x: " + rule + "volume"))
      let undo: JSONValue = ["uses": "noop", "limits": [["item": "volume"]]]
      #expect(
        await message([group("g", over: "$.params.list", [step("x", ["undo": undo])])]).contains(
          #"step g.x: "undo.on" and "undo.limits" may take"#))
    }
  }

  @Test("a retried group takes its labels anew, an item that is retried keeps its own")
  func retried() async throws {
    try await withEngine { engine in
      let (recorder, broken) = (Recorder(), Barrier())
      let kind = TestKind { step in
        recorder.note(step.name)
        if step.name.hasSuffix("x"), broken.arrived.isEmpty {
          broken.open("")
          try await broken.pass("")
          throw StepFailure(.permanent, "no")
        }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(labels: ["node": "a"], kinds: [kind])) {
        let run = try await engine.submit(
          [step("first"), group("g", over: "$.params.list", needs: ["first"], [step("x", "test", onNode)])],
          ["params": ["list": [["node": "a"]]]])
        #expect(try await engine.end(of: run) == "failed")
        _ = try await engine.client.retry(run)
        #expect(try await engine.end(of: run) == "succeeded")
        _ = try await engine.client.retry(run, from: "first")
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(recorder.notes == ["g[0].x", "g[0].x", "g[0].x"])
        #expect(
          try await engine.rows(
            "select distinct l.labels as a from holdfast.step s join holdfast.lane l using (lane_id) where s.name like '%g[0].x' order by 1"
          ).flatMap(\.self) == [#"{"node": "a"}"#])
      }
    }
  }

  @Test("twenty thousand items on ten nodes are expanded about as fast as without labels")
  func speed() async throws {
    try await withEngine { engine in
      let list = JSONValue.array(
        (0..<20_000).map { ["node": .string("node-\($0 % 10)"), "path": .string("/srv/\($0)")] })
      func time(_ labels: [String: JSONValue]) async throws -> Duration {
        let begin = ContinuousClock.now
        _ = try await engine.submit(
          [
            group(
              "g", over: "$.params.list", [step("x", labels), step("y", needs: ["x"], labels), step("z", needs: ["y"])])
          ],
          ["params": ["list": list]])
        return ContinuousClock.now - begin
      }
      _ = try await time([:])
      var (plain, labelled) = (Duration.seconds(3600), Duration.seconds(3600))
      // In turns, and more than twice if the machine was busy with something else.
      for round in 1...6 where round <= 2 || labelled >= plain * 2 + .seconds(1) {
        plain = min(plain, try await time([:]))
        labelled = min(labelled, try await time(onNode))
      }
      print("60,000 steps expanded in \(plain), with labels of their items in \(labelled)")
      #expect(labelled < plain * 2 + .seconds(1))
    }
  }
}
