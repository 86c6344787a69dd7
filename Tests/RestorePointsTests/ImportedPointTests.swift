import JSON
import RestorePoints
import StepEngine
import Testing

@Suite("Restore points that were found in a repository")
struct ImportedPointTests {
  @Test("an import takes what is missing, leaves what is there, and believes in no snapshot that the ledger lacks")
  func imports() async throws {
    try await withCatalogue { (catalogue) async throws in
      let exported = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-a", export: 1)
      #expect(try await catalogue.store.importPoint(exported))
      #expect(try await catalogue.store.pin("p1"))
      #expect(try await catalogue.store.importPoint(exported) == false)
      #expect(try await catalogue.store.point("p1")?.isPinned == true)
      #expect(try await catalogue.store.point("p1")?.snapshots == ["data": CataloguedPoint.Part.none])
      #expect(try await catalogue.store.points().map(\.point.name) == ["p1"])

      let local = onePoint("p2", at: "2026-11-27T10:00:00Z", snapshot: "hf-b")
      let refused = "restore point p2, volume data has no export, and its snapshot is not in this installation's ledger"
      func refusal() async -> Bool {
        let error = await storeError { _ = try await catalogue.store.importPoint(local) }
        return error?.kind == .invalid && error?.description.hasPrefix(refused) ?? false
      }
      #expect(await refusal())
      let step = try await catalogue.step()
      let entry = try await catalogue.ledger.intend(step, kind: "snapshot", driver: "btrfs", name: "hf-b")
      let volume: JSONValue = ["name": "data", "driver": "btrfs", "path": "/srv", "snapshotFolder": "/snapshots"]
      try await catalogue.ledger.made(entry, by: step, detail: ["volume": volume])
      // A run is at it, whose own it may become.
      #expect(await refusal())
      try await catalogue.end(step)
      try await catalogue.execute("update holdfast.resource set detail = detail || '{\"point\": \"p3\"}'")
      #expect(await refusal())
      try await catalogue.execute("update holdfast.resource set detail = detail - 'point'")
      #expect(try await catalogue.store.importPoint(local))
      #expect(try await catalogue.store.point("p2")?.snapshots == ["data": .exists])
      #expect(try await catalogue.store.point("p2")?.point.volumes.map(\.source) == [volume])
      // The point's from now on, and no other's.
      #expect(try await catalogue.ledger.toRelease(kind: "snapshot").isEmpty)
      var thief = local
      thief.name = "p4"
      let stolen = await storeError { _ = try await catalogue.store.importPoint(thief) }
      #expect(stolen?.kind == .invalid)
    }
  }

  @Test("what a description says of programs is not believed")
  func hostileImport() async throws {
    try await withCatalogue { (catalogue) async throws in
      var point = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-a", export: 1)
      point.volumes[0].driver = "exec"
      point.volumes[0].source = [
        "application": "other", "name": "../up", "driver": "btrfs", "path": "/srv", "kind": "folder",
        "program": "/bin/sh", "options": ["c": "reboot"], "snapshotFolder": "/etc", "exclude": ["*"],
      ]
      #expect(try await catalogue.store.importPoint(point))
      let imported = try #require(try await catalogue.store.point("p1"))
      #expect(imported.isImported && !imported.isAdopted)
      #expect(
        imported.point.volumes[0].source
          == ["name": "data", "driver": "exec", "path": "/srv", "kind": "folder", "exclude": ["*"]])
      #expect(imported.point.volumes[0].snapshot == nil && imported.exports == ["data": .exists])
      #expect(
        try await catalogue.value("select source ? 'program' or snapshot_name is not null from holdfast.point_volume")
          == "false")
      #expect(try await catalogue.value("select run_id is null and not adopted from holdfast.restore_points") == "true")
    }
  }

  @Test("nobody retires what was imported before it is adopted, and what is adopted stays adopted")
  func adoption() async throws {
    try await withCatalogue { (catalogue) async throws in
      let points = (1...3).map { (day: Int) in onePoint("p\(day)", at: "2026-11-2\(day)T10:00:00Z", export: day) }
      for point in points { #expect(try await catalogue.store.importPoint(point)) }
      let step = try await catalogue.step()
      let decisions = ["p1", "p2"].map { PointDecision(point: $0, snapshots: .absent, exports: .released("x")) }
      let kept = try await catalogue.store.beginRetire(decisions, by: step)
      let reason = "imported, and not adopted yet: holdfast import vault --adopt"
      #expect(kept.points == [])
      #expect(kept.refused.map(\.point) == ["p1", "p2"])
      #expect(kept.refused.map(\.what) == ["point", "point"] && kept.refused.map(\.reason) == [reason, reason])
      #expect(try await catalogue.store.points().map(\.importReason) == [reason, reason, reason])

      #expect(try await catalogue.store.adopt(profile: "other") == 0)
      #expect(try await catalogue.store.adopt(profile: "vault") == 3)
      #expect(try await catalogue.store.adopt(profile: "vault") == 0)
      for point in points { #expect(try await catalogue.store.importPoint(point) == false) }
      #expect(try await catalogue.store.points().map(\.isAdopted) == [true, true, true])
      #expect(try await catalogue.value("select count(*) from holdfast.event where kind = 'points-adopted'") == "1")
      #expect(try await catalogue.store.beginRetire(decisions, by: step).points.map(\.name) == ["p1", "p2"])
    }
  }

  @Test("a description that claims an export of a point of ours is refused, also if that is about to go")
  func claimedExport() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await catalogue.step()
      _ = try await catalogue.store.record(onePoint("ours", at: "2026-11-27T10:00:00Z", export: 1), by: step)
      var forged = onePoint("forged", at: "2001-01-01T00:00:00Z", export: 2)
      forged.volumes.append(RestorePoint.Volume(name: "more", driver: "btrfs", export: exportID(1)))
      func refusal() async -> StoreError? {
        await storeError { _ = try await catalogue.store.importPoint(forged) }
      }
      let refused = "restore point forged, volume more: its export belongs to restore point ours"
      #expect(await refusal()?.kind == .invalid)
      #expect(await refusal()?.description.contains(refused) == true)
      try await catalogue.execute("update holdfast.point_volume set export_state = 'retiring'")
      #expect(await refusal()?.description.contains(refused) == true)
      try await catalogue.execute("update holdfast.point_volume set export_state = 'released'")
      #expect(try await catalogue.store.importPoint(forged))
    }
  }

  @Test("an export goes with the last point that has it, whatever points claim it")
  func sharedExport() async throws {
    try await withCatalogue { (catalogue) async throws in
      var forged = onePoint("forged", at: "2001-01-01T00:00:00Z", export: 1)
      let copy = onePoint("copy", at: "2001-01-02T00:00:00Z", export: 1)
      forged.volumes.append(RestorePoint.Volume(name: "more", driver: "btrfs", export: exportID(2)))
      for point in [forged, copy] { #expect(try await catalogue.store.importPoint(point)) }
      for number in [1, 3] {
        let point = onePoint("ours-\(number)", at: "2026-11-2\(number)T10:00:00Z", export: number)
        _ = try await catalogue.store.record(point, by: try await catalogue.step())
      }
      #expect(try await catalogue.store.adopt(profile: "vault") == 2)
      let retirer = try await catalogue.step()
      func retire(_ names: String...) async throws -> [String] {
        let decisions = names.map { PointDecision(point: $0, snapshots: .absent, exports: .released("old")) }
        return try await catalogue.store.beginRetire(decisions, by: retirer).points.flatMap { point in
          point.exports.map { "\(point.name) \($0.volume)\($0.isShared ? " shared" : "")" }
        }
      }
      for _ in 0..<2 {
        let marked = try await retire("forged", "copy")
        #expect(marked == ["forged data shared", "forged more", "copy data shared"])
      }
      #expect(try await catalogue.store.exportRetired(point: "copy", volume: "data"))
      #expect(try await catalogue.store.exportRetired(point: "forged", volume: "data") == false)
      #expect(try await catalogue.store.point("forged")?.exports == ["data": .released, "more": .retiring])
      #expect(try await catalogue.store.point("ours-1")?.exports == ["data": .exists])
      #expect(try await catalogue.store.exportRetired(point: "forged", volume: "more"))
      #expect(try await retire("ours-1") == ["ours-1 data"])
    }
  }

  @Test("an application stands for our last good point, for an imported one only if none of ours can be restored")
  func ownFirst() async throws {
    try await withCatalogue { (catalogue) async throws in
      func chosen() async throws -> String? { try await catalogue.store.point("shop")?.point.name }
      try await catalogue.put(onePoint("ours", at: "2026-11-20T10:00:00Z", export: 1))
      #expect(try await catalogue.store.importPoint(onePoint("found", at: "2026-11-27T10:00:00Z", export: 2)))
      #expect(try await catalogue.store.importPoint(onePoint("shop", at: "2026-11-26T10:00:00Z", export: 3)))
      #expect(try await chosen() == "ours")
      #expect(try await catalogue.store.hold("shop", by: try await catalogue.step()).point.name == "ours")
      #expect(try await catalogue.store.point("found")?.point.name == "found")

      try await catalogue.execute("delete from holdfast.restore_point where name = 'shop'")
      for (lost, kept) in [("released", "found"), ("exists", "ours")] {
        try await catalogue.execute(
          """
          update holdfast.point_volume set export_state = '\(lost)' where export_id = '\(exportID(1))';
          select holdfast.count_point(point_id) from holdfast.restore_point
          """)
        #expect(try await chosen() == kept)
      }
      try await catalogue.store.verified("ours", ok: false)
      #expect(try await chosen() == "found")
      #expect(try await catalogue.store.adopt(profile: "vault") == 1)
      #expect(try await chosen() == "found")
      try await catalogue.execute("delete from holdfast.restore_point where name = 'found'")
      #expect(try await chosen() == "ours")
    }
  }
}
