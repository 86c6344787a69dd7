import JSON
import PostgresClient
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("Plans of the hot statements", .serialized)
struct HotPlanTests {
  @Test(
    "claims and completions read by index, and little, beside no and beside a million ready steps",
    arguments: [0, 1_000_000])
  func plans(ready: Int) async throws {
    try await withEngine { engine in
      let run = try await engine.submit([
        step("a"), step("b", needs: ["a"]), step("c", needs: ["a", "b"]),
      ])
      // In the same lane, behind the real ones.
      try await engine.execute(
        """
        insert into holdfast.ready (step_id, lane_id) select i, (select min(lane_id) from holdfast.ready)
        from generate_series(1, \(ready)) i;
        analyze holdfast.ready, holdfast.step, holdfast.lease, holdfast.attempt, holdfast.join_counter, holdfast.worker_lane;
        """)
      let plans = Mutex<[String]>([])
      let connection = try await engine.connect { configuration in
        configuration.onNotice = { notice in plans.withLock { $0.append(notice.message) } }
      }
      try await connection.execute(
        """
        load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on;
        set auto_explain.log_timing = off; set auto_explain.log_nested_statements = on; set client_min_messages = log;
        set plan_cache_mode = force_generic_plan;
        """)
      let store = PostgresWorkerStore(connection)
      let worker = try await store.register(WorkerProfile(name: "w", slots: 1, kinds: ["noop"]))
      plans.withLock { $0 = [] }
      for _ in 0..<3 {
        var request = ExchangeRequest(worker: worker)
        request.want = 1
        let claimed = try await store.exchange(request).claimed
        #expect(claimed.map(\.step.id.run) == [run])
        request.want = 0
        request.reports = claimed.map { StepReport(step: $0.step, result: .succeeded(outputs: nil)) }
        _ = try await store.exchange(request)
        // What is free now comes before the million.
        try await engine.execute(
          "update holdfast.ready set seq = 0 where step_id between \(run) << 20 and (\(run) << 20) + 1048575")
      }
      #expect(try await engine.state(run) == "succeeded")

      let all = plans.withLock { $0 }
      for table in ["ready", "lease", "step", "parked", "join_counter", "attempt"] {
        let hot = all.filter { $0.contains("holdfast.\(table)") || $0.contains(" on \(table)") }
        if ["ready", "lease", "step"].contains(table) { #expect(!hot.isEmpty, "no plan mentions \(table)") }
        for plan in hot {
          let lines = plan.split(separator: "\n").map(String.init)
          #expect(!lines.contains { $0.contains("Seq Scan on \(table)") }, "\(plan)")
        }
      }
      // However it reads, it may not read much.
      for plan in all {
        for line in plan.split(separator: "\n") {
          let removed = line.contains("Rows Removed by Filter: ") ? Int(line.split(separator: " ").last ?? "") ?? 0 : 0
          let rows =
            line.split(separator: "(actual rows=").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
          #expect(removed <= 100 && rows <= 100, "\(plan)")
        }
      }
    }
  }
}
