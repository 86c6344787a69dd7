import JSON
import ResticFormat
import RestorePoints
import StepEngine
import Testing

/// Several at once, over connections of their own.
@Suite("Races over restore points")
struct RaceTests {
  @Test("a point is either held or retired, never both, and two who retire leave the last good one")
  func holdAndRetire() async throws {
    try await withCatalogue { (catalogue) async throws in
      for number in 1...30 {
        let time = Snapshot.Moment(seconds: 1_700_000_000 + Int64(number), nanoseconds: 0).rfc3339
        try await catalogue.put(onePoint("p\(number)", at: time, export: number))
      }
      let holder = try await catalogue.step()
      let retirers = [try await catalogue.step(), try await catalogue.step()]
      let store = catalogue.store
      let (held, retired) = try await withThrowingTaskGroup(of: (held: [String], retired: [String]).self) { group in
        group.addTask {
          var held: [String] = []
          for number in (1...30).shuffled() {
            do {
              held.append(try await store.hold("p\(number)", by: holder).point.name)
            } catch let error as StoreError {
              #expect(error.kind == .wrongState)
            }
          }
          return (held, [])
        }
        for retirer in retirers {
          group.addTask {
            var retired: [String] = []
            for number in (1...30).shuffled() {
              let decision = PointDecision(point: "p\(number)", snapshots: .released("x"), exports: .released("x"))
              retired += try await store.beginRetire([decision], by: retirer).points.map(\.name)
            }
            return ([], retired)
          }
        }
        return try await group.reduce(into: (Set<String>(), Set<String>())) { sums, part in
          sums.0.formUnion(part.held)
          sums.1.formUnion(part.retired)
        }
      }
      #expect(held.isDisjoint(with: retired) && !retired.contains("p30"))
      #expect(held.union(retired).union(["p30"]).count == 30, "nobody got the others: \(held) \(retired)")
      for name in held { #expect(try await store.point(name)?.state == .complete) }
    }
  }

  @Test("runs that end at once, while several tick, are all noted, and told of once")
  func ends() async throws {
    try await withCatalogue { (catalogue) async throws in
      // A channel that nobody delivers to: the runs that would are counted.
      try await catalogue.execute(
        """
        select holdfast.put_document('policy', 'nightly', '{}', 'x',
          '{"spec": {"selector": {"applications": "*"}, "notify": [{"url": "http://127.0.0.1:1"}]}}');
        select holdfast.put_document('application', 'app' || i, '{}', 'x', '{"spec": {}}') from generate_series(1, 20) i;
        select holdfast.follow_protection();
        """)
      var steps: [HeldStep] = []
      for number in 1...20 {
        steps.append(
          try await catalogue.step(policy: "nightly", params: ["application": .string("app\(number)")]))
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for part in 0..<4 {
          let mine = steps.enumerated().filter { $0.offset % 4 == part }.map(\.element)
          group.addTask {
            for step in mine {
              try await catalogue.end(step, failure: "no luck")
              try await catalogue.execute("select holdfast.tick()")
            }
          }
        }
        try await group.waitForAll()
      }
      try await catalogue.execute("select holdfast.tick()")
      #expect(try await catalogue.value("select count(*) from holdfast.protection where failing") == "20")
      #expect(try await catalogue.value("select count(*) from holdfast.run where workflow = 'notify'") == "20")
      #expect(
        try await catalogue.value(
          "select count(distinct params ->> 'application') from holdfast.run where workflow = 'notify'") == "20")
      #expect(try await catalogue.value("select count(*) from holdfast.ended_run") == "0")
    }
  }
}
