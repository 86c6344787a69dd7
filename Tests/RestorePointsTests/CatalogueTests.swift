import JSON
import ResticFormat
import RestorePoints
import StepEngine
import Testing

@Suite("Catalogue of restore points")
struct CatalogueTests {
  @Test("a point is recorded once for a run, and its snapshots are its own from then on")
  func record() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await catalogue.step(policy: "nightly")
      for name in ["hf-kept", "hf-other"] {
        let entry = try await catalogue.ledger.intend(step, kind: "snapshot", driver: "btrfs", name: name)
        try await catalogue.ledger.made(entry, by: step, detail: ["subvolume": 5])
      }
      let point = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-kept", export: 1)
      #expect(try await catalogue.store.record(point, by: step) == "p1")
      #expect(try await catalogue.store.record(point, by: step) == "p1")
      #expect(try await catalogue.value("select count(*) from holdfast.restore_point") == "1")
      try await catalogue.end(step)
      #expect(try await catalogue.ledger.toRelease(kind: "snapshot").map(\.name) == ["hf-other"])
      #expect(
        try await catalogue.value("select detail from holdfast.resource where name = 'hf-kept'")
          == #"{"keep": true, "point": "p1", "subvolume": 5}"#)

      var expected = CataloguedPoint(point)
      // By PostgreSQL's clock.
      expected.createdAt = try #require(try await catalogue.store.point("p1")).createdAt
      #expect(try await catalogue.store.point("p1") == expected)
      #expect(try await catalogue.store.point("shop") == expected)
      #expect(try await catalogue.store.points(application: "shop", policy: "nightly") == [expected])
      #expect(try await catalogue.store.points(policy: "other") == [])
      #expect(try await catalogue.store.point("nothing") == nil)

      #expect(try await catalogue.store.pin("p1"))
      #expect(try await catalogue.store.pin("p1") == false)
      try await catalogue.store.verified("p1", ok: true, recovery: .milliseconds(1500), message: "all 3 files")
      let seen = try await catalogue.store.point("p1")
      expected.isPinned = true
      expected.verifiedOK = true
      expected.verifiedAt = seen?.verifiedAt
      expected.recoverySeconds = 1.5
      #expect(seen == expected && seen?.verifiedAt != nil)

      // What could not be done says nothing of the point.
      try await catalogue.store.drillFailed("p1", why: "no room")
      expected.drillProblem = "no room"
      #expect(try await catalogue.store.point("p1") == expected)
      #expect(
        try await catalogue.value("select message from holdfast.event where kind = 'drill-failed'")
          == "the restore drill of point p1 could not be done: no room")
      try await catalogue.store.verified("p1", ok: false, message: "data: pack missing")
      expected.drillProblem = nil
      expected.verifiedOK = false
      expected.verifiedAt = try await catalogue.store.point("p1")?.verifiedAt
      #expect(try await catalogue.store.point("p1") == expected)
      #expect(await storeError { try await catalogue.store.drillFailed("none", why: "x") }?.kind == .notFound)
    }
  }

  @Test("another run can't take a point's name, and a stale step records nothing")
  func conflicts() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await catalogue.step(policy: "nightly")
      _ = try await catalogue.store.record(onePoint("p1", at: "2026-11-28T10:00:00Z", export: 1), by: step)
      let other = try await catalogue.step()
      let taken = await storeError {
        _ = try await catalogue.store.record(onePoint("p1", at: "2026-11-28T10:00:00Z", export: 2), by: other)
      }
      #expect(taken?.kind == .wrongState && taken?.description.contains("there is a restore point p1 already") == true)
      try await catalogue.end(step)
      let stale = await storeError {
        _ = try await catalogue.store.record(onePoint("p2", at: "2026-11-28T10:00:00Z", export: 1), by: step)
      }
      #expect(stale?.kind == .staleFence)
      #expect(try await catalogue.value("select count(*) from holdfast.restore_point") == "1")
    }
  }

  @Test("a point whose only snapshot is gone is refused")
  func goneSnapshot() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await catalogue.step()
      let entry = try await catalogue.ledger.intend(step, kind: "snapshot", driver: "btrfs", name: "hf-a")
      try await catalogue.ledger.released(entry)
      let gone = await storeError {
        _ = try await catalogue.store.record(onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-a"), by: step)
      }
      #expect(gone?.kind == .wrongState)
      // With an export, it is a point without that snapshot.
      _ = try await catalogue.store.record(
        onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-a", export: 1), by: step)
      #expect(try await catalogue.store.point("p1")?.snapshots == ["data": .released])
    }
  }

  @Test("retiring has two halves, can be interrupted anywhere, and ends when nothing is left")
  func retiring() async throws {
    try await withCatalogue { (catalogue) async throws in
      let maker = try await catalogue.step()
      let entry = try await catalogue.ledger.intend(maker, kind: "snapshot", driver: "btrfs", name: "hf-1")
      try await catalogue.ledger.made(entry, by: maker)
      _ = try await catalogue.store.record(
        onePoint("old", at: "2026-11-27T10:00:00Z", snapshot: "hf-1", export: 1), by: maker)
      let other = try await catalogue.step()
      _ = try await catalogue.store.record(onePoint("new", at: "2026-11-28T10:00:00Z", export: 2), by: other)

      let step = try await catalogue.step()
      let all = ["old", "new"].map {
        PointDecision(point: $0, snapshots: .released("old"), exports: .released("old"))
      }
      // Its node has no worker: it is marked, but nobody is sent there.
      let away = try await catalogue.store.beginRetire(all, by: step)
      #expect(away.points[0].snapshots == [] && away.points[0].exports.map(\.id) == [exportID(1)])
      #expect(away.refused.map(\.reason).contains("the node n1 of volume data has no living worker"))
      try await catalogue.live(on: "n1")
      let first = try await catalogue.store.beginRetire(all, by: step)
      #expect(
        first.refused.map { "\($0.point) \($0.what): \($0.reason)" } == ["new exports: the last good one of shop"])
      #expect(first.points.map(\.name) == ["old"] && first.points[0].isWhole)
      #expect(
        first.points[0].snapshots.map(\.name) == ["hf-1"] && first.points[0].snapshots[0].source == ["path": "/srv"])
      #expect(first.points[0].exports.map(\.id) == [exportID(1)] && first.points[0].profile == "vault")
      // Nobody begins to use it, and whoever comes after a crash is given the same.
      #expect(await storeError { _ = try await catalogue.store.hold("old", by: step) }?.kind == .wrongState)
      #expect(try await catalogue.store.point("old")?.state == .retiring)
      #expect(try await catalogue.store.beginRetire([all[0]], by: step).points == first.points)

      #expect(try await catalogue.store.snapshotRetired(point: "old", volume: "data") == false)
      #expect(try await catalogue.store.snapshotRetired(point: "old", volume: "data") == false)
      #expect(try await catalogue.value("select state from holdfast.resource where name = 'hf-1'") == "released")
      #expect(try await catalogue.store.beginRetire([all[0]], by: step).points[0].snapshots == [])
      #expect(try await catalogue.store.exportRetired(point: "old", volume: "data"))
      #expect(try await catalogue.store.exportRetired(point: "old", volume: "data"))
      #expect(try await catalogue.store.point("old")?.state == .retired)
      #expect(try await catalogue.store.beginRetire(all, by: step).points == [])
      #expect(try await catalogue.store.points().map(\.point.name) == ["new"])
      // Kept for people for a while.
      try await catalogue.execute("select holdfast.drop_history()")
      #expect(try await catalogue.store.point("old") != nil)
      try await catalogue.execute(
        "update holdfast.restore_point set retired_at = now() - interval '31 days'; select holdfast.drop_history()")
      #expect(try await catalogue.value("select count(*) from holdfast.restore_point") == "1")
      #expect(try await catalogue.value("select count(*) from holdfast.point_volume") == "1")
    }
  }

  @Test("what is pinned, locked, in use or the last good one is not retired, whatever is decided")
  func protected() async throws {
    try await withCatalogue { (catalogue) async throws in
      var locked = onePoint("locked", at: "2026-11-24T10:00:00Z", snapshot: "hf-l", export: 3)
      locked.lockUntil = moment("2999-01-01T00:00:00Z")
      for point in [
        onePoint("pinned", at: "2026-11-25T10:00:00Z", export: 4), locked,
        onePoint("used", at: "2026-11-26T10:00:00Z", export: 5),
        onePoint("last", at: "2026-11-27T10:00:00Z", export: 6),
        // Newer, but only on the volume's own disk.
        onePoint("local", at: "2026-11-28T10:00:00Z", snapshot: "hf-n"),
      ] {
        try await catalogue.put(point)
      }
      try await catalogue.execute(
        "update holdfast.point_volume set snapshot_state = 'exists' where snapshot_name = 'hf-l'")
      _ = try await catalogue.store.pin("pinned")
      let user = try await catalogue.step()
      #expect(try await catalogue.store.hold("used", by: user).heldBy == [user.id.run.value])
      let step = try await catalogue.step()
      try await catalogue.live(on: "n1")
      func retire(_ names: String...) async throws -> Retirement {
        try await catalogue.store.beginRetire(
          names.map { PointDecision(point: $0, snapshots: .released("x"), exports: .released("x")) }, by: step)
      }
      let answer = try await retire("pinned", "locked", "used", "last")
      #expect(answer.points.map(\.name) == ["locked"])
      #expect(answer.points[0].isWhole == false && answer.points[0].exports == [])
      let refused = answer.refused.map { "\($0.point) \($0.what): \($0.reason)" }
      let expected = [
        "pinned point: pinned", "locked exports: locked until 2999-01-01 00:00 UTC",
        "used point: in use by run \(user.id.run)", "last exports: the last good one of shop",
      ]
      #expect(refused == expected)
      // The run that used it is over; a point that failed its drill is no last good one.
      try await catalogue.end(user)
      try await catalogue.store.verified("last", ok: false)
      #expect(try await retire("used").refused.map(\.reason) == ["the last good one of shop"])
      #expect(try await retire("last").refused == [])
      #expect(try await retire("local").points.map(\.name) == ["local"])
    }
  }

  @Test("of a point that is not exported as a whole, nothing is taken that would tear it")
  func torn() async throws {
    try await withCatalogue { (catalogue) async throws in
      var point = onePoint("half", at: "2026-11-27T10:00:00Z", export: 1)
      point.volumes.append(RestorePoint.Volume(name: "wal", driver: "btrfs", snapshot: "hf-wal"))
      try await catalogue.put(point)
      try await catalogue.put(onePoint("new", at: "2026-11-28T10:00:00Z", export: 2))
      let step = try await catalogue.step()
      let snapshots = PointDecision(point: "half", snapshots: .released("x"), exports: .kept([]))
      #expect(
        try await catalogue.store.beginRetire([snapshots], by: step).refused.map(\.reason)
          == ["some of its volumes have nothing else"])
      let whole = PointDecision(point: "half", snapshots: .released("x"), exports: .released("x"))
      #expect(try await catalogue.store.beginRetire([whole], by: step).points.map(\.isWhole) == [true])
    }
  }

  @Test("a point without volumes is retired when what its artifacts stand for is gone")
  func artifacts() async throws {
    try await withCatalogue { (catalogue) async throws in
      for name in ["a", "b"] {
        try await catalogue.put(
          RestorePoint(
            name: name, application: "shop", createdAt: moment("2026-11-27T10:00:00Z"), consistency: .application,
            artifacts: ["dump": .string("s3://x/\(name)")], volumes: []))
      }
      let step = try await catalogue.step()
      let decision = PointDecision(point: "a", snapshots: .absent, exports: .released("x"))
      let retirement = try await catalogue.store.beginRetire([decision], by: step)
      #expect(retirement.points.map(\.artifacts) == [["dump": "s3://x/a"]] && retirement.points[0].isWhole)
      #expect(try await catalogue.store.pointRetired("a"))
      #expect(try await catalogue.store.pointRetired("b") == false)
    }
  }

  @Test("a point with a name of a volume that is taken no more is read and retired like any other")
  func oddNames() async throws {
    try await withCatalogue { (catalogue) async throws in
      var odd = onePoint("odd", at: "2026-11-27T10:00:00Z", export: 1)
      odd.volumes[0].name = "../db/main"
      try await catalogue.put(odd)
      try await catalogue.put(onePoint("new", at: "2026-11-28T10:00:00Z", export: 2))
      #expect(try await catalogue.store.points().map(\.point.name) == ["new", "odd"])
      #expect(try await catalogue.store.point("odd")?.point == odd)
      let decision = PointDecision(point: "odd", snapshots: .absent, exports: .released("old"))
      let step = try await catalogue.step()
      let retired = try await catalogue.store.beginRetire([decision], by: step).points
      #expect(retired.map { $0.exports.map(\.volume) } == [["../db/main"]])
      #expect(try await catalogue.store.exportRetired(point: "odd", volume: "../db/main"))
      odd.name = "again"
      #expect(await storeError { _ = try await catalogue.store.record(odd, by: step) }?.kind == .invalid)
      #expect(await storeError { _ = try await catalogue.store.importPoint(odd) }?.kind == .invalid)
    }
  }
}
