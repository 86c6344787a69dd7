import JSON
import ResticFormat
import RestorePoints
import StepEngine
import Testing
import TimeZones

@Suite("Snapshots of restore points that are not there any more")
struct MissingSnapshotTests {
  /// What a node found of the volume `data`.
  private func look(_ objects: [String]?, of application: String = "shop", at path: String = "/srv") -> JSONValue {
    var look: [String: JSONValue] = [
      "application": .string(application), "volume": "data", "source": ["path": .string(path)],
    ]
    look["objects"] = objects.map { names in
      .array(names.map { ["kind": "snapshot", "name": .string($0)] })
    }
    return .object(look)
  }

  private func report(
    _ catalogue: Catalogue, _ looks: JSONValue..., node: String = "n1", age: Duration = .zero
  ) async throws -> Int {
    try await catalogue.store.reportMissing(.array(looks), on: node, lookedFor: age)
  }

  private func state(_ catalogue: Catalogue, _ point: String) async throws -> CataloguedPoint.Part? {
    try await catalogue.store.point(point)?.snapshots["data"]
  }

  private func addPoints(_ catalogue: Catalogue) async throws {
    for (name, time) in [("old", "2026-11-27T10:00:00Z"), ("new", "2026-11-28T10:00:00Z")] {
      let step = try await catalogue.step()
      let point = onePoint(name, at: time, snapshot: "hf-\(name)", export: nil)
      _ = try await catalogue.store.record(point, by: step)
      try await catalogue.end(step)
    }
    try await catalogue.execute("update holdfast.restore_point set recorded_at = now() - interval '1 minute'")
    // What a point says of its export is no part of the place.
    try await catalogue.execute(
      #"update holdfast.point_volume set source = source || '{"kind": "folder", "exclude": ["*.tmp"]}'"#)
  }

  @Test("one that is not found is missing until it is found, and its point is no good one meanwhile")
  func missing() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await addPoints(catalogue)
      #expect(try await report(catalogue, look(["hf-old", "hf-new", "alien"])) == 0)
      #expect(try await state(catalogue, "new") == .exists)
      #expect(try await report(catalogue, look(["hf-old"])) == 1)
      #expect(try await state(catalogue, "new") == .missing)
      #expect(try await state(catalogue, "old") == .exists)
      #expect(try await catalogue.value("select kept from holdfast.restore_points where name = 'new'") == "nothing")
      #expect(
        try await catalogue.value(
          "select snapshot_missed_at is not null from holdfast.restore_point_volumes where point = 'new'") == "true")
      #expect(try await catalogue.store.point("shop")?.point.name == "old")
      // Told once.
      #expect(try await report(catalogue, look(["hf-old"])) == 0)
      #expect(try await report(catalogue, look(["hf-old", "hf-new"])) == 0)
      #expect(try await state(catalogue, "new") == .exists)
      #expect(try await catalogue.store.point("shop")?.point.name == "new")
      #expect(
        try await catalogue.value(
          """
          select string_agg(kind || ' ' || (message like '%hf-new of new'), ',' order by at)
          from holdfast.event where kind like 'snapshot-%'
          """) == "snapshot-missing true,snapshot-found true")
    }
  }

  @Test("only a look at the same place counts, and one that began when the point was there")
  func otherPlaces() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await addPoints(catalogue)
      #expect(try await report(catalogue, look([]), node: "n2") == 0)
      #expect(try await report(catalogue, look([], at: "/elsewhere")) == 0)
      #expect(try await report(catalogue, look([], of: "other")) == 0)
      #expect(try await report(catalogue, look(nil)) == 0)
      #expect(try await report(catalogue, look([]), age: .seconds(120)) == 0)
      #expect(try await report(catalogue) == 0)
      #expect(try await report(catalogue, look([])) == 2)
    }
  }

  @Test("one that is seen again is there, whatever has changed about its volume")
  func seenElsewhere() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await addPoints(catalogue)
      #expect(try await report(catalogue, look([])) == 2)
      #expect(try await report(catalogue, look(["hf-old"], at: "/elsewhere"), node: "n2") == 0)
      #expect(try await state(catalogue, "old") == .exists)
      #expect(try await state(catalogue, "new") == .missing)
    }
  }

  @Test("a volume that names no node is looked for as long as there is no other node")
  func anyNode() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await addPoints(catalogue)
      try await catalogue.execute(
        """
        update holdfast.point_volume set node = '';
        update holdfast.worker set labels = '{"node": "n1"}'
        """)
      #expect(try await report(catalogue, look([]), node: "n2") == 0)
      #expect(try await report(catalogue, look(["hf-old"])) == 1)
      try await catalogue.execute(
        "update holdfast.worker set labels = '{\"node\": \"n2\"}' where worker_id = (select max(worker_id) from holdfast.worker)"
      )
      #expect(try await report(catalogue, look([])) == 0)
    }
  }

  @Test("nothing is retired for being missing, and no export goes because of a snapshot that is")
  func retiring() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await catalogue.step()
      let both = onePoint("both", at: "2026-11-26T10:00:00Z", snapshot: "hf-both", export: 1)
      _ = try await catalogue.store.record(both, by: step)
      try await catalogue.end(step)
      try await addPoints(catalogue)
      #expect(try await report(catalogue, look(["hf-new"])) == 2)
      let points = try await catalogue.store.points()
      let kept = RetentionPlan.decide(
        points, snapshots: try KeepRules(json: ["last": 3]), exports: try KeepRules(json: ["last": 3]),
        now: moment("2026-11-29T10:00:00Z"), zone: .utc)
      #expect(kept.allSatisfy { !$0.releasesSomething })

      let retirer = try await catalogue.step()
      let exports = PointDecision(point: "both", snapshots: .kept([]), exports: .released("x"))
      #expect(
        try await catalogue.store.beginRetire([exports], by: retirer).refused.map(\.reason)
          == ["the last good one of shop"])
      let last = try await catalogue.step()
      _ = try await catalogue.store.record(onePoint("newest", at: "2026-11-29T10:00:00Z", export: 2), by: last)
      #expect(
        try await catalogue.store.beginRetire([exports], by: retirer).refused.map(\.reason)
          == ["some of its volumes have nothing else"])
      // Whole points go as ever.
      let whole = ["both", "old"].map { PointDecision(point: $0, snapshots: .released("x"), exports: .released("x")) }
      let retirement = try await catalogue.store.beginRetire(whole, by: retirer)
      #expect(retirement.points.map(\.isWhole) == [true, true])
      #expect(try await catalogue.store.snapshotRetired(point: "old", volume: "data"))
      #expect(try await catalogue.store.snapshotRetired(point: "both", volume: "data") == false)
      #expect(try await catalogue.store.exportRetired(point: "both", volume: "data"))
    }
  }
}
