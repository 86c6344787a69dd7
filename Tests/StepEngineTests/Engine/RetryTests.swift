import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Attempts and backoff")
struct RetryTests {
  @Test("a step is tried again until it succeeds, and each attempt is in its history")
  func retries() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        if step.attempt == 3 { return .succeeded(outputs: ["attempt": 3]) }
        throw StepFailure(.retryable, "attempt \(step.attempt)")
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([step("a", "test", ["retry": ["initialSeconds": 0.01]])])
        #expect(try await engine.end(of: run) == "succeeded")
        #expect(try await engine.history("a", in: run) == ["retrying", "retrying", "succeeded"])
        let rows = try await engine.rows(
          "select message as a, worker_id as b, finished_at >= started_at as c, outputs as d from holdfast.attempt order by fence"
        )
        let expected = [
          ["attempt 1", "1", "true", "∅"], ["attempt 2", "1", "true", "∅"], ["∅", "1", "true", #"{"attempt": 3}"#],
        ]
        #expect(rows == expected)
      }
    }
  }

  @Test("it fails for good after its last attempt, and at once if trying again can't help")
  func gaveUp() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        if step.name == "other" { throw CancellationError() }
        throw StepFailure(step.name == "never" ? .permanent : .retryable, "attempt \(step.attempt)")
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("two", "test", ["retry": ["attempts": 2, "initialSeconds": 0.01]]), step("never", "test"),
          step("usual", "test", ["retry": ["initialSeconds": 0.01]]),
          step("other", "test", ["retry": ["initialSeconds": 0.01]]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.history("two", in: run) == ["retrying", "failed"])
        #expect(try await engine.history("never", in: run) == ["failed"])
        #expect(try await engine.history("usual", in: run) == ["retrying", "retrying", "failed"])
        #expect(try await engine.message("other", in: run) == "it ended as if it had been cancelled, but it was not")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  static let backoffs: [(failure: StepFailure.Class, failures: Int, bounds: ClosedRange<Double>)] = [
    (.retryable, 1, 0...2), (.retryable, 2, 0...4), (.retryable, 3, 0...8), (.retryable, 5, 0...10),
    (.throttled(after: .seconds(20)), 1, 20...22), (.throttled(after: .seconds(20)), 4, 20...22),
    (.throttled(after: nil), 1, 0...2), (.throttled(after: nil), 5, 0...2),
  ]

  @Test("the wait before the next attempt is random below a cap that doubles; throttled steps wait as asked")
  func backoff() async throws {
    try await withEngine { engine in
      for (failure, failures, bounds) in Self.backoffs {
        let crew = try await HandWorker(engine, kinds: ["test"])
        let retry: JSONValue = ["attempts": 9, "initialSeconds": 2, "maxSeconds": 10]
        _ = try await engine.submit((0..<40).map { step("s\($0)", "test", ["retry": retry]) })
        for _ in 0..<failures {
          try await engine.execute(
            "update holdfast.parked set wake_at = now() - interval '1 s'; select holdfast.tick()")
          let claimed = try await crew.claim(100)
          #expect(claimed.count == 40)
          try await crew.report(claimed, .failed(StepFailure(failure, "no")))
        }
        let delays = try await engine.rows(
          "select extract(epoch from wake_at - since)::float8 as a from holdfast.parked"
        )
        .compactMap { Double($0[0]) }
        #expect(delays.count == 40 && delays.allSatisfy(bounds.contains), "\(failure) \(failures): \(delays)")
        // Full jitter: not all in one corner.
        let span = bounds.upperBound - bounds.lowerBound
        #expect((delays.max() ?? 0) - (delays.min() ?? 0) > span / 2)
        try await engine.execute("delete from holdfast.parked")
        try await crew.leave()
      }
    }
  }

  static let pauses: [(initial: Double, most: Double, longest: Double)] = [
    (1e9, 1e9, 1e9), (1e9, 1, 1), (0.001, 1e9, 0.001 * Double(1 << 30)),
  ]

  @Test("pauses of any length double up to the longest one, and never beyond what an interval holds")
  func longPauses() async throws {
    try await withEngine { engine in
      for (initial, most, longest) in Self.pauses {
        let crew = try await HandWorker(engine, kinds: ["test"])
        let retry: JSONValue = ["attempts": 1000, "initialSeconds": .double(initial), "maxSeconds": .double(most)]
        _ = try await engine.submit((0..<40).map { step("s\($0)", "test", ["retry": retry]) })
        for _ in 0..<2 {
          // As if it had failed so often.
          try await engine.execute(
            "update holdfast.parked set wake_at = now() - interval '1 s', failures = 900; select holdfast.tick()")
          let claimed = try await crew.claim(100)
          #expect(claimed.count == 40)
          try await crew.report(claimed, .failed(StepFailure(.retryable, "no")))
        }
        let delays = try await engine.rows(
          "select extract(epoch from wake_at - since)::float8 as a from holdfast.parked"
        )
        .compactMap { Double($0[0]) }
        #expect(delays.count == 40 && delays.allSatisfy { (0...longest).contains($0) }, "\(initial) \(most): \(delays)")
        // Full jitter: some are long.
        #expect((delays.max() ?? 0) > longest / 4)
        try await engine.execute("delete from holdfast.parked")
        try await crew.leave()
      }
    }
  }

  @Test("being throttled counts as no attempt, but not forever; waiting before does not use it up")
  func throttled() async throws {
    try await withEngine { engine in
      let kind = TestKind { step in
        if step.name == "waiter", step.wakeCount < 15 { return .wait(StepWait(wakeAfter: .zero, reason: "polls")) }
        if step.name == "waiter", step.wakeCount > 15 { return .succeeded(outputs: nil) }
        throw StepFailure(.throttled(after: .zero), "busy")
      }
      try await engine.working(Crew(kinds: [kind])) {
        let run = try await engine.submit([
          step("forever", "test", ["retry": ["attempts": 1]]), step("waiter", "test", ["retry": ["attempts": 1]]),
        ])
        #expect(try await engine.end(of: run) == "failed")
        #expect(try await engine.history("forever", in: run) == Array(repeating: "retrying", count: 10) + ["failed"])
        let waiter = try await engine.history("waiter", in: run)
        #expect(waiter == Array(repeating: "parked", count: 15) + ["retrying", "succeeded"])
      }
    }
  }
}
