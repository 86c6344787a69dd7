import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Steps that ask for much")
struct LargeInputTests {
  @Test("a step that asks for more than it can be given fails with a sentence, and others are claimed all the same")
  func tooLarge() async throws {
    try await withEngine { engine in
      let worker = try await HandWorker(engine, kinds: ["noop"])
      let all: [String: JSONValue] = ["refs": ["g.x"]]
      let run = try await engine.submit(
        [
          group("g", over: "$.params.list", [step("x")]), step("all", needs: ["g"], all),
          step("decided", needs: ["g"], all.merging(["when": #"exists($.steps."g.x")"#]) { $1 }),
          step("little", needs: ["g"], all.merging(["fields": ["g.x": ["no"]]]) { $1 }),
        ], ["params": ["list": .array((0..<1100).map { .int(Int64($0)) })]])
      try await worker.report(worker.claim(1000))
      var last = try await worker.claim(1000)
      #expect(last.count == 100)
      let end = last.removeLast()
      try await worker.report(last)
      // More than jsonb can hold in one, though compressed it is little.
      try await engine.execute(
        """
        update holdfast.attempt set outputs = jsonb_build_object('text', repeat('x', 262000))
        where step_id in (select s.step_id from holdfast.step s where s.name like 'g[%')
        """)
      try await worker.report([end])
      let other = try await engine.submit([step("a")])

      try await engine.working {
        let ends = [try await engine.end(of: other), try await engine.end(of: run)]
        #expect(ends == ["succeeded", "failed"])
      }
      let states = try await engine.states(run)
      #expect(states["all"] == "failed" && states["decided"] == "failed" && states["little"] == "succeeded")
      let problem =
        "the outputs of other steps that it asks for are more than 64000000 bytes; ask for fewer, or store large data "
        + "elsewhere and put out where"
      #expect(try await engine.history("all", in: run) == ["failed"])
      #expect(try await engine.message("all", in: run) == problem)
      #expect(
        try await engine.message("decided", in: run) == "its condition or list can't be evaluated: \(problem)")
      #expect(try await engine.leftovers() == [:])
    }
  }
}
