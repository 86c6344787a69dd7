import JSON
import PostgresClient
import StepEngine
import TestSupport
import Testing

@Suite("Waiting steps")
struct ParkedTests {
  @Test("a thousand waiting steps need two connections, no slots and no leases")
  func thousand() async throws {
    try await withEngine { engine in
      var own = engine.configuration
      own.applicationName = "parked-worker"
      try await engine.working(Crew(slots: 4, database: own)) {
        let run = try await engine.submit(
          (0..<500).map { step("s\($0)", "sleep", ["with": ["duration": 3600]]) }
            + (0..<500).map { step("a\($0)", "approval") })
        try await eventually(within: .seconds(180)) {
          try await engine.int("select count(*) from holdfast.parked") == 1000
        }
        #expect(try await engine.int("select count(*) from holdfast.lease") == 0)
        #expect(
          try await engine.int("select count(*) from pg_stat_activity where application_name = 'parked-worker'") <= 2)
        // All slots are free for others.
        let other = try await engine.submit([step("x")])
        #expect(try await engine.end(of: other) == "succeeded")
        let reasons = try await engine.rows("select distinct reason as a from holdfast.parked order by 1").map { $0[0] }
        #expect(reasons == ["sleeps for 3600 s", "waits for approval"])
        try await engine.execute("update holdfast.parked set wake_at = now() where wake_at is not null")
        for number in 0..<500 { #expect(try await engine.client.signal(run, "approval/a\(number)") == 1) }
        #expect(try await engine.end(of: run, within: .seconds(180)) == "succeeded")
      }
      #expect(try await engine.leftovers() == [:])
    }
  }

  @Test("a sleeping step wakes in time, soon after its moment and never before")
  func wakes() async throws {
    try await withEngine { engine in
      try await engine.working {
        var all: [Double] = []
        // The machine may be slow now and then, but not the engine each time.
        while all.count < 5, !all.contains(where: { $0 < 3 }) {
          let run = try await engine.submit([step("a", "sleep", ["with": ["duration": 0.4]])])
          #expect(try await engine.end(of: run) == "succeeded")
          let slept = try await engine.value(
            """
            select extract(epoch from max(started_at) - min(finished_at)) from holdfast.attempt
            where step_id >> 20 = \(run)
            """)
          all.append(Double(slept) ?? 0)
        }
        #expect(all.allSatisfy { $0 >= 0.4 } && all.contains { $0 < 3 }, "\(all)")
      }
    }
  }
}
