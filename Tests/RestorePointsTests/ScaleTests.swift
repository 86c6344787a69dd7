import PostgresClient
import RestorePoints
import StepEngine
import TestSupport
import Testing

@Suite("A hundred thousand restore points", .serialized)
struct ScaleTests {
  /// The conditions of `holdfast points`, and the index that each has to be read by.
  private static let lists: [(condition: String, index: String)] = [
    ("true", "restore_point_created"),
    ("state <> 'retired'", "restore_point_created"),
    ("application = 'app7' and state <> 'retired'", "restore_point_application"),
    ("policy = 'rare'", "restore_point_made_by"),
    ("application = 'app7' and policy = 'nightly'", "restore_point_"),
    ("state = 'retiring'", "restore_point_retiring"),
  ]

  private let points = """
    insert into holdfast.restore_point (name, application, policy, created_at, consistency, document, volumes, exports, state)
    select 'p' || i, 'app' || (i % 200), case when i % 1000 = 0 then 'rare' when i % 3 = 0 then 'nightly' else 'hourly' end,
      now() - i * interval '3 min', 'crash',
      jsonb_build_object('name', 'p' || i, 'application', 'app' || (i % 200), 'createdAt', '2026-11-28T10:00:00Z',
        'consistency', 'crash', 'volumes', jsonb_build_array(jsonb_build_object('name', 'data', 'export', md5('') || md5('')))),
      1, 1, case when i % 7 = 0 then 'retired' else 'complete' end
    from generate_series(1, 100000) i;
    insert into holdfast.point_volume (point_id, volume, export_id, export_state)
    select p.point_id, 'data', md5('') || md5(''), 'exists' from holdfast.restore_point p;
    insert into holdfast.protection (policy, application, rpo)
    select p, a, '1h' from unnest('{nightly,hourly}'::text[]) p
    cross join lateral (select 'app' || i as a from generate_series(0, 199) i union all select '') a;
    insert into holdfast.document (kind, name, version) values ('policy', 'nightly', 1), ('policy', 'hourly', 1);
    analyze holdfast.restore_point, holdfast.point_volume, holdfast.protection, holdfast.document;
    """

  @Test("are listed, judged and chosen from by index, in no time")
  func scale() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await catalogue.execute(points)
      // What a look at each of them takes on this machine.
      let all = try await catalogue.milliseconds(
        of: "select count(*) from holdfast.restore_point where document::text like '%nothing%'")
      let short = max(200, 2 * all)
      for (condition, index) in Self.lists {
        let list =
          "select * from holdfast.restore_points where \(condition) order by created_at desc, point_id desc limit 20"
        let plan = try await catalogue.plan(of: list)
        #expect(plan.contains(index), "\(condition): \(plan)")
        try expectIndexes(plan, condition)
        #expect(try await catalogue.milliseconds(of: list) < short, "\(condition)")
      }
      // Whether another point has an export.
      let owner =
        "select point_id from holdfast.point_volume where export_id = repeat('f', 64) and export_state in ('exists', 'retiring')"
      let plan = try await catalogue.plan(of: owner)
      #expect(plan.contains("point_volume_export"), "\(plan)")
      let status = "select * from holdfast.policy_status"
      try expectIndexes(try await catalogue.plan(of: status), status)
      #expect(try await catalogue.milliseconds(of: status) < max(1000, 10 * all))
      for statement in [
        "select holdfast.points_of('app7', 'nightly')", "select holdfast.point('app7')",
        "select holdfast.point('p77777')",
        "select holdfast.last_good_of('nightly', 'app7')", "select holdfast.last_good_of('rare', '')",
      ] { #expect(try await catalogue.milliseconds(of: statement) < short, "\(statement)") }
    }
  }

  private func expectIndexes(_ plan: String, _ what: String) throws {
    #expect(!plan.contains("Seq Scan on restore_point"), "\(what): \(plan)")
    #expect(!plan.contains("Seq Scan on point_volume"), "\(what): \(plan)")
    // However it reads, it may not read much.
    for line in plan.split(separator: "\n") where line.contains("Rows Removed by Filter: ") {
      #expect((line.split(separator: " ").last.flatMap { Int($0) } ?? 0) < 1000, "\(what): \(plan)")
    }
  }
}

extension Catalogue {
  fileprivate func plan(of sql: String) async throws -> String {
    try await pool.withConnection { connection in
      try await connection.query("explain (analyze, timing off, costs off) \(sql)").map { try $0.string(0) }
        .joined(separator: "\n")
    }
  }

  /// The best of some runs, so that neither the first one's planning of partitions counts nor what else the machine does.
  fileprivate func milliseconds(of sql: String) async throws -> Double {
    var best = Double.infinity
    for _ in 0..<5 {
      let begin = ContinuousClock.now
      try await pool.withConnection { _ = try await $0.query(sql) }
      let took = (ContinuousClock.now - begin).components
      best = min(best, Double(took.seconds) * 1000 + Double(took.attoseconds) * 1e-15)
    }
    return best
  }
}
