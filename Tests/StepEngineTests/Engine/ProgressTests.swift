import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("How far steps are")
struct ProgressTests {
  @Test("the latest is kept while the step runs, written at most once a second, and is gone with its end")
  func latest() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let kind = TestKind { step in
        for done in 0..<1000 { step.progress(["done": .int(Int64(done)), "total": 1000]) }
        try await barrier.pass("first " + step.name)
        step.progress(["done": 1000, "total": 1000])
        try await barrier.pass("last " + step.name)
        if step.name == "fails" { throw StepFailure(.permanent, "no") }
        if step.name == "waits", step.wakeCount == 0 { return .wait(StepWait(signal: "go", reason: "waits")) }
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([step("works", "test"), step("fails", "test"), step("waits", "test")])
        func told() async throws -> [[String]] {
          try await engine.rows(
            """
            select s.name as a, s.progress ->> 'done' as b, r.progress ->> 'done' as c
            from holdfast.step_status s join holdfast.run_step r on r.run_id = s.run_id and r.step_id = s.step_id
            where s.run_id = $1 and s.progress is not null order by 1
            """, [.int64(run.value)])
        }
        func all(_ done: String) -> [[String]] { ["fails", "waits", "works"].map { [$0, done, done] } }
        try await eventually("the first word") { try await told() == all("999") }
        let begin = ContinuousClock.now
        for name in ["works", "fails", "waits"] { barrier.open("first " + name) }
        try await eventually("the last word") { try await told() == all("1000") }
        #expect(ContinuousClock.now - begin < .seconds(30))
        for name in ["works", "fails", "waits"] { barrier.open("last " + name) }
        try await engine.wait(for: ["works": "succeeded", "fails": "failed", "waits": "parked"], in: run)
        #expect(try await told() == [])
        #expect(try await engine.int("select count(*) from holdfast.step_progress") == 0)
        _ = try await engine.client.signal(run, "go")
        #expect(try await engine.end(of: run) == "failed")
      }
      #expect(try await engine.int("select count(*) from holdfast.step_progress") == 0)
    }
  }

  @Test("what can't be kept is dropped, and disturbs nothing")
  func odd() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      let kind = TestKind { step in
        switch step.name {
        case "zero": step.progress(["note": "a\0b"])
        case "large": step.progress(["note": .string(String(repeating: "x", count: 3000))])
        case "text": step.progress("half")
        case "infinite": step.progress(["done": .double(.infinity)])
        default: step.progress(["note": "good"])
        }
        try await barrier.pass(step.name)
        return .succeeded(outputs: nil)
      }
      try await engine.working(Crew(kinds: [kind])) {
        let names = ["good", "infinite", "large", "text", "zero"]
        let run = try await engine.submit(names.map { step($0, "test") })
        for name in names { try await barrier.wait(for: name) }
        try await eventually("the good one") {
          try await engine.value("select string_agg(progress::text, ' ') from holdfast.step_progress")
            == #"{"note": "good"}"#
        }
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
      }
    }
  }

  @Test("a stale attempt says nothing any more")
  func stale() async throws {
    try await withEngine { engine in
      let barrier = Barrier()
      try await engine.working(Crew(kinds: [barrier.kind])) {
        let run = try await engine.submit([step("a", "test")])
        try await barrier.wait(for: "a")
        let kept = #"holdfast.put_progress(array[step_id], array[fence + %], array['{"done": 1}'::jsonb])"#
        #expect(try await engine.int("select \(kept.replacing("%", with: "1")) from holdfast.lease") == 0)
        #expect(try await engine.int("select \(kept.replacing("%", with: "0")) from holdfast.lease") == 1)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
      }
    }
  }
}
