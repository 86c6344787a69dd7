import JSON
import RestorePoints
import StepEngine
import Testing

@Suite("Points of a run that was retried")
struct RetriedPointTests {
  /// A step of a new run whose ledger has the snapshots `hf-1` and `hf-2` and the exports `e1` and `e2`.
  private func step(_ catalogue: Catalogue) async throws -> HeldStep {
    let step = try await catalogue.step(policy: "nightly")
    for number in 1...2 {
      let snapshot = try await catalogue.ledger.intend(step, kind: "snapshot", driver: "btrfs", name: "hf-\(number)")
      try await catalogue.ledger.made(snapshot, by: step)
      let export = try await catalogue.ledger.intend(step, kind: "export", driver: "restic", name: "e\(number)")
      try await catalogue.ledger.made(export, by: step, detail: ["export": .string(exportID(number))])
    }
    return step
  }

  /// What is in the ledger, and for which point it is kept.
  private func kept(_ catalogue: Catalogue) async throws -> String {
    try await catalogue.value(
      """
      select string_agg(concat_ws(' ', name, state, detail ->> 'point'), ', ' order by name)
      from holdfast.resource where detail -> 'keep' = 'true'
      """)
  }

  private func count(_ catalogue: Catalogue) async throws -> String {
    try await catalogue.value("select count(*) from holdfast.restore_point")
  }

  @Test("another point stands beside the first, which stays as it is: pinned, in use, with its snapshot and export")
  func beside() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      let first = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-1", export: 1)
      let second = onePoint("p2", at: "2026-11-28T11:00:00Z", snapshot: "hf-2", export: 2)
      #expect(try await catalogue.store.record(first, by: step) == "p1")
      #expect(try await catalogue.store.pin("p1"))
      let user = try await catalogue.step()
      let before = try await catalogue.store.hold("p1", by: user)
      #expect(try await catalogue.store.record(second, by: step) == "p2")
      #expect(try await catalogue.store.point("p1") == before && before.isPinned)
      #expect(try await catalogue.store.record(first, by: step) == "p1")
      #expect(try await catalogue.store.record(second, by: step) == "p2")
      #expect(try await catalogue.store.points().map(\.point.name) == ["p2", "p1"])
      #expect(try await kept(catalogue) == "e1 exists p1, e2 exists p2, hf-1 exists p1, hf-2 exists p2")
      try await catalogue.end(step)
      #expect(try await catalogue.ledger.toRelease(kind: "snapshot") == [])
      #expect(try await catalogue.ledger.toRelease(kind: "export") == [])
    }
  }

  @Test("what a run had sealed before its database was lost, and an import brought back, is its point as it goes on")
  func imported() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      var sealed = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-1", export: 1)
      sealed.run = step.id.run.value
      var description = sealed
      description.expiresAt = moment("2001-01-01T00:00:00Z")
      description.consistency = .none
      #expect(try await catalogue.store.importPoint(description))
      #expect(try await catalogue.store.pin("p1"))
      let user = try await catalogue.step()
      #expect(try await catalogue.store.hold("p1", by: user).isAdopted == false)
      // Under another name, as what the catalogue has is not quite the same.
      var again = sealed
      again.name = "p1-again"
      for _ in 0..<2 { #expect(try await catalogue.store.record(again, by: step) == "p1") }
      #expect(try await count(catalogue) == "1")
      let known = try #require(try await catalogue.store.point("p1"))
      #expect(known.isAdopted && known.isPinned && !known.isImported && known.expiresAt == nil)
      #expect(known.heldBy == [user.id.run.value] && known.point == sealed)
      #expect(try await kept(catalogue) == "e1 exists p1, hf-1 exists p1")
      try await catalogue.end(step)
      #expect(try await catalogue.ledger.toRelease(kind: "export").map(\.name) == ["e2"])
    }
  }

  @Test("only an import with all that a run has, and no more, is the run's point; of several it is the first")
  func otherImports() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      var sealed = onePoint("p5", at: "2026-11-28T10:00:00Z", export: 1)
      sealed.run = step.id.run.value
      sealed.volumes.append(RestorePoint.Volume(name: "wal", driver: "btrfs", export: exportID(2)))
      var (less, more, other) = (sealed, sealed, sealed)
      (less.name, more.name, other.name) = ("p1", "p2", "p3")
      less.volumes.removeLast()
      more.volumes.append(RestorePoint.Volume(name: "etc", driver: "btrfs", export: exportID(3)))
      other.volumes[1].export = exportID(3)
      var (first, second) = (sealed, sealed)
      (first.name, second.name) = ("p4", "p0")
      for point in [less, more, other] { #expect(try await catalogue.store.importPoint(point)) }
      #expect(try await catalogue.store.record(sealed, by: step) == "p5")
      try await catalogue.execute("delete from holdfast.restore_point where name = 'p5'")
      for point in [first, second] { #expect(try await catalogue.store.importPoint(point)) }
      #expect(try await catalogue.store.record(sealed, by: step) == "p4")
      #expect(
        try await catalogue.value(
          "select string_agg(name, ' ' order by name) from holdfast.restore_point where run_id is null and not adopted")
          == "p0 p1 p2 p3")
      #expect(try await kept(catalogue) == "e1 exists p4, e2 exists p4")
    }
  }

  @Test("another point is recorded also if the first is retired, or about to be", arguments: [false, true])
  func retired(isOver: Bool) async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      let first = onePoint("p1", at: "2026-11-28T10:00:00Z", export: 1)
      _ = try await catalogue.store.record(first, by: step)
      let other = try await catalogue.step()
      _ = try await catalogue.store.record(onePoint("p0", at: "2026-11-28T10:30:00Z", export: 3), by: other)
      let decision = PointDecision(point: "p1", snapshots: .absent, exports: .released("old"))
      #expect(try await catalogue.store.beginRetire([decision], by: other).points.map(\.name) == ["p1"])
      if isOver { #expect(try await catalogue.store.exportRetired(point: "p1", volume: "data")) }

      let second = onePoint("p2", at: "2026-11-28T11:00:00Z", export: 2)
      #expect(try await catalogue.store.record(second, by: step) == "p2")
      #expect(try await catalogue.store.record(first, by: step) == "p1")
      let state: CataloguedPoint.State = isOver ? .retired : .retiring
      #expect(try await catalogue.store.point("p1")?.state == state)
      #expect(try await catalogue.store.point("p2")?.exports == ["data": .exists])
      #expect(try await catalogue.store.exportRetired(point: "p1", volume: "data"))
      #expect(try await kept(catalogue) == "e1 released p1, e2 exists p2")
      #expect(try await catalogue.store.points(policy: "nightly").map(\.point.name).contains("p2"))
      #expect(try await count(catalogue) == "3")
    }
  }

  @Test("the same snapshots and exports are the same point, whatever else a repeat says of them")
  func same() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      var point = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-1", export: 1)
      _ = try await catalogue.store.record(point, by: step)
      let before = try await catalogue.store.point("p1")
      point.artifacts = ["n": 2]
      #expect(try await catalogue.store.record(point, by: step) == "p1")
      point.name = "p2"
      point.createdAt = moment("2026-11-28T11:00:00Z")
      #expect(try await catalogue.store.record(point, by: step) == "p1")
      #expect(try await catalogue.store.point("p1") == before)
      #expect(try await count(catalogue) == "1")
    }
  }

  @Test("what a point has stays its own: another does without, or can't be")
  func shared() async throws {
    try await withCatalogue { (catalogue) async throws in
      let step = try await step(catalogue)
      let first = onePoint("p1", at: "2026-11-28T10:00:00Z", snapshot: "hf-1", export: 1)
      _ = try await catalogue.store.record(first, by: step)
      var torn = onePoint("p2", at: "2026-11-28T11:00:00Z", export: 1)
      torn.volumes.append(RestorePoint.Volume(name: "wal", driver: "btrfs", export: exportID(2)))
      for point in [torn, onePoint("p3", at: "2026-11-28T11:00:00Z", snapshot: "hf-1")] {
        let refusal = await storeError { _ = try await catalogue.store.record(point, by: step) }
        #expect(refusal?.kind == .wrongState)
        #expect(refusal?.description.contains("volume data: what it has belongs to restore point p1") == true)
      }
      let own = onePoint("p4", at: "2026-11-28T11:00:00Z", snapshot: "hf-1", export: 2)
      #expect(try await catalogue.store.record(own, by: step) == "p4")
      #expect(try await catalogue.store.point("p4")?.snapshots == ["data": .released])
      #expect(try await catalogue.store.point("p1")?.snapshots == ["data": .exists])
      #expect(try await kept(catalogue) == "e1 exists p1, e2 exists p4, hf-1 exists p1")
    }
  }
}
