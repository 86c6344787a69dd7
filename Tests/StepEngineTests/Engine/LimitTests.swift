import JSON
import PostgresClient
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("Limits and fairness")
struct LimitTests {
  /// Counts how many steps run at once, by their limit's name.
  private final class Meter: Sendable {
    private let state = Mutex((now: [String: Int](), most: [String: Int]()))
    func enter(_ names: [String]) {
      state.withLock { state in
        for name in names {
          state.now[name, default: 0] += 1
          state.most[name] = max(state.most[name] ?? 0, state.now[name] ?? 0)
        }
      }
    }
    func leave(_ names: [String]) { state.withLock { state in for name in names { state.now[name, default: 0] -= 1 } } }
    var most: [String: Int] { state.withLock { $0.most } }
  }

  @Test(
    "limits hold under four workers, for steps with one and with several, and claims never block each other in a circle"
  )
  func neverExceeded() async throws {
    try await withEngine { engine in
      try await engine.client.setLimit("x", 3)
      try await engine.client.setLimit("y", 2)
      try await engine.client.setLimit("z", 1)
      let meter = Meter()
      let kind = TestKind { step in
        let names = step.with["limits"]?.array?.compactMap(\.string) ?? []
        meter.enter(names)
        defer { meter.leave(names) }
        try await Task.sleep(for: .milliseconds(2))
        // Of those that may run at once, some do: the first one stays until another has come, however late that is.
        for _ in 0..<1000 where names.contains(where: { $0 != "z" && meter.most[$0] ?? 0 < 2 }) {
          try await Task.sleep(for: .milliseconds(10))
        }
        return .succeeded(outputs: nil)
      }
      let sets: [JSONValue] = [["x"], ["y"], ["z"], ["y", "x"], ["x", "z"], ["z", "y"]]
      let steps = (0..<240).map { i in
        let limits = sets[i % sets.count]
        return step("s\(i)", "test", ["limits": limits, "with": ["limits": limits]])
      }
      let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
      try await engine.working(Crew(workers: 4, slots: 8, kinds: [kind])) {
        let run = try await engine.submit(steps)
        var over: [[String]] = []
        try await eventually(within: .seconds(180), "the end of the run") {
          over += try await engine.rows(
            """
            select n.name as a, count(*) as b
            from holdfast.named_limit n join holdfast.lane l on n.name = any (l.limits) join holdfast.lease h using (lane_id)
            group by n.name, n.capacity having count(*) > n.capacity
            """)
          return try await engine.state(run) == "succeeded"
        }
        #expect(over == [])
      }
      #expect(meter.most["x"] ?? 9 <= 3 && meter.most["y"] ?? 9 <= 2 && meter.most["z"] ?? 9 <= 1, "\(meter.most)")
      // They were used, too.
      #expect(meter.most["x"] ?? 0 >= 2 && meter.most["y"] == 2)
      try await engine.execute("select pg_stat_force_next_flush()")
      #expect(try await engine.int(deadlocks) == 0)
    }
  }

  @Test("a limit that is changed counts at once, down to zero and up again")
  func changed() async throws {
    try await withEngine { engine in
      try await engine.client.setLimit("x", 0)
      let barrier = Barrier()
      try await engine.working(Crew(slots: 8, kinds: [barrier.kind])) {
        let run = try await engine.submit((0..<6).map { step("s\($0)", "test", ["limits": ["x"]]) })
        try await Task.sleep(for: .milliseconds(250))
        #expect(barrier.arrived == [])
        try await engine.client.setLimit("x", 2)
        try await eventually { barrier.arrived.count == 2 }
        try await engine.client.setLimit("x", 5)
        try await eventually { barrier.arrived.count == 5 }
        try await engine.client.setLimit("x", 1)
        for name in barrier.arrived.prefix(4) { barrier.open(name) }
        try await Task.sleep(for: .milliseconds(250))
        #expect(barrier.arrived.count == 5)
        barrier.openAll()
        #expect(try await engine.end(of: run) == "succeeded")
      }
      let error = await storeError { try await engine.client.setLimit("x", nil) }
      #expect(error == StoreError(.wrongState, "limit 'x' is named by steps; set its capacity instead"))
    }
  }

  @Test("a limit that a group or an undo names can't be removed before it is needed")
  func removed() async throws {
    try await withEngine { engine in
      for name in ["inner", "undone", "free"] { try await engine.client.setLimit(name, 1) }
      _ = try await engine.submit(
        [
          group("g", over: "$.params.l", [step("x", ["limits": ["inner"]])]),
          step("a", ["undo": ["uses": "noop", "limits": ["undone"]]]),
        ], ["params": ["l": []]])
      for name in ["inner", "undone"] {
        #expect(await storeError { try await engine.client.setLimit(name, nil) }?.kind == .wrongState)
      }
      #expect(try await engine.client.hasLimit("free"))
      try await engine.client.setLimit("free", nil)
      #expect(try await engine.client.hasLimit("free") == false)
      #expect(try await engine.int("select count(*) from holdfast.named_limit") == 2)
    }
  }

  @Test(
    "a policy with three steps is served beside one with ten thousand, also under a common limit of one",
    arguments: [false, true])
  func fairness(limited: Bool) async throws {
    try await withEngine { engine in
      if limited { try await engine.client.setLimit("one", 1) }
      let more: [String: JSONValue] = limited ? ["limits": ["one"]] : [:]
      _ = try await engine.submit((0..<10_000).map { step("s\($0)", more) }, policy: "big")
      let small = try await engine.submit((0..<3).map { step("s\($0)", more) }, policy: "small")
      let worker = try await HandWorker(engine, kinds: ["noop"])
      var (after, mine, claims) = (Int32(0), 0, 0)
      while mine < 3, claims < 50 {
        let claimed = try await worker.exchange(want: 4, afterLane: after).claimed
        claims += 1
        mine += claimed.filter { $0.step.id.run == small }.count
        after = claimed.last?.lane ?? after
        try await worker.report(claimed)
      }
      #expect(mine == 3 && claims <= 7, "\(mine) after \(claims) claims")
    }
  }
}
