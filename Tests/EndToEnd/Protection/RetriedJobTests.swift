import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A run that failed has its snapshots and exports removed; a retry must not rely on what is gone, is going, or is of another time.
  @Suite("A failed main job that is retried")
  struct RetriedJobTests {
    /// A run that failed when all was exported and nothing recorded: the worker that was at it died, which is once too often.
    private func failedRun(_ workflow: String, of shop: ProtectedShop) async throws -> String {
      try await shop.installation.sql("update holdfast.setting set value = '1' where name = 'max_crashes'")
      let moments = try Moments()
      try moments.die(at: "restore-point.sealed")
      let first = try shop.installation.worker("first", lease: 5, environment: moments.environment)
      let run = try await shop.holdfast(
        "submit", workflow, "-p", "application=shop", "-p", "profile=vault", "-o", "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      try await moments.passed("restore-point.sealed")
      _ = try await first.end()
      // It takes the other for lost, and undoes.
      let second = try shop.installation.worker("second")
      #expect(try await shop.end(of: run) == "failed")
      await second.kill()
      return run
    }

    private func facts(_ shop: ProtectedShop) async throws -> [String] {
      var facts: [String] = []
      for volume in shop.volumes { facts.append(try await shop.facts(volume.path)) }
      return facts
    }

    /// The newest point brings all volumes back, from both of what it has.
    private func expectWhole(_ shop: ProtectedShop, from sources: [String]) async throws {
      let before = try await facts(shop)
      for source in sources {
        for volume in shop.volumes { try await shop.shell("rm '\(volume.path)/note'; echo bad >'\(volume.path)/bad'") }
        try await shop.holdfast("restore", try await shop.newestPoint(), "--from", source, "--yes")
        #expect(try await facts(shop) == before, "from \(source)")
      }
    }

    @Test(
      "exports that the janitor has removed, or is removing, are made again", arguments: ["afterwards", "meanwhile"])
    func swept(when: String) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("retried") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount, volumes: ["data", "logs"])
      let run = try await failedRun("backup-generic", of: shop)
      let moments = try Moments()
      if when == "meanwhile" { try moments.rest(at: "sweep.begun", seconds: 5) }
      // Its janitor looks at once.
      let worker = try shop.installation.worker("third", slots: 8, environment: moments.environment)
      if when == "meanwhile" {
        try await moments.passed("sweep.begun")
      } else {
        try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      }
      try await shop.holdfast("retry", run)
      #expect(try await shop.end(of: run) == "succeeded")
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      try await expectWhole(shop, from: ["export"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 2)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("the point of a retry is of its snapshots' time, and the application is brought to rest again before them")
    func atRest() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("rested") else { return }
      let rested = try scratchDirectory("rested").path + "/times"
      let shop = try await ProtectedShop(
        "btrfs", on: mount, volumes: ["data", "logs"],
        application: "  hooks: {backupPrehook: [{exec: {command: [bash, -c, 'date +%s >>\(rested)']}}]}")
      let run = try await failedRun("backup", of: shop)
      #expect(try await shop.shell("wc -l <'\(rested)'") == "1\n")
      try await Task.sleep(for: .seconds(2))
      try await shop.holdfast("retry", run)
      let worker = try shop.installation.worker("third", slots: 8)
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.shell("wc -l <'\(rested)'") == "2\n")
      let second = try await shop.shell("tail -1 '\(rested)'").trimmingCharacters(in: .whitespacesAndNewlines)
      let point = try await shop.installation.sql(
        "select consistency, created_at >= to_timestamp(\(second)) from holdfast.restore_point")
      #expect(point == "application|t")
      // The same snapshots, so the same time and name.
      let name = try await shop.newestPoint()
      try await shop.holdfast("retry", run, "--from", "record")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.installation.sql("select string_agg(name, ' ') from holdfast.restore_point") == name)
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      try await expectWhole(shop, from: ["export", "snapshot"])
      await worker.kill()
    }

    @Test("a backup that is repeated from its snapshots has a point of the new ones: data, time and rest")
    func repeated() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("repeated") else { return }
      let rested = try scratchDirectory("repeated").path + "/times"
      let shop = try await ProtectedShop(
        "btrfs", on: mount, application: "  hooks: {backupPrehook: [{exec: {command: [bash, -c, 'date >>\(rested)']}}]}"
      )
      let worker = try shop.installation.worker("main", slots: 8)
      // Its snapshots are gone when it ends.
      let run = try await shop.submitBackup("-p", #"retention={"snapshots": {"keep": 0}, "exports": {"last": 9}}"#)
      #expect(try await shop.end(of: run) == "succeeded")
      let first = try await shop.newestPoint()
      try await shop.shell("echo new >'\(shop.volumes[0].path)/new'; sleep 1.5")
      try await shop.holdfast("retry", run, "--from", "volumes")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.newestPoint() != first)
      #expect(try await shop.shell("wc -l <'\(rested)'") == "2\n")
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      try await expectWhole(shop, from: ["export"])
      #expect(try await shop.shell("cat '\(shop.volumes[0].path)/new'") == "new\n")
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("a retry that takes nothing anew leaves the point as it was; one from the rest puts a new one beside it")
    func recorded() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("recorded") else { return }
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application:
          #"  hooks: {backupPrehook: [{exec: {command: [bash, -c, 'echo moment=$(date +%s%N) >>"$HOLDFAST_ARTIFACTS"']}}]}"#
      )
      let worker = try shop.installation.worker("main", slots: 8)
      let run = try await shop.submitBackup()
      #expect(try await shop.end(of: run) == "succeeded")
      let document = "select document from holdfast.restore_point"
      let before = try await shop.installation.sql(document)
      #expect(before.contains("moment"))
      try await shop.holdfast("retry", run, "--from", "record")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.installation.sql(document) == before)
      try await shop.holdfast("retry", run, "--from", "quiesce")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.installation.sql(document + " order by point_id limit 1") == before)
      #expect(
        try await shop.installation.number("select count(distinct name) from holdfast.restore_point where exports = 1")
          == 2)
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      #expect(try await shop.objects().count == 2)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 2)
      try await expectWhole(shop, from: ["export", "snapshot"])
      await worker.kill()
    }

    @Test(
      "a point that somebody has pinned outlives a retry of its run, which takes damaged data",
      arguments: ["backup", "backup-generic"])
    func pinned(workflow: String) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("pinned") else { return }
      let flag = try scratchDirectory("pinned").path + "/well"
      let shop = try await ProtectedShop(
        "btrfs", on: mount, application: "  hooks: {onSuccess: [{exec: {command: [test, -e, \(flag)]}}]}")
      let before = try await facts(shop)
      let worker = try shop.installation.worker("main", slots: 8)
      let run = try await shop.holdfast(
        "submit", workflow, "-p", "application=shop", "-p", "profile=vault", "-o", "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(try await shop.end(of: run) == "failed")
      let point = try await shop.newestPoint()
      try await shop.holdfast("points", "pin", point)
      func damage() async throws { try await shop.shell("cd '\(shop.volumes[0].path)'; rm -f note; echo bad >bad") }
      try await damage()
      try await shop.shell("touch '\(flag)'")
      try await shop.holdfast("retry", run)
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.newestPoint() != point)
      let points = "select count(*), count(*) filter (where pinned and name = '\(point)') from holdfast.restore_point"
      #expect(try await shop.installation.sql(points) == "2|1")
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      for source in workflow == "backup" ? ["export", "snapshot"] : ["export"] {
        try await shop.holdfast("restore", point, "--from", source, "--yes")
        #expect(try await facts(shop) == before, "from \(source)")
        try await damage()
      }
      // The repository describes both.
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/holdfast/points").count == 2)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("snapshots and exports of the retry are of the same instant")
    func instant() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("instant") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount, volumes: ["data", "logs"])
      let run = try await failedRun("backup", of: shop)
      try await shop.shell("rm -r '\(shop.volumes[0].path)/orders'; echo new >'\(shop.volumes[1].path)/new'")
      // Before a janitor comes.
      try await shop.holdfast("retry", run)
      let worker = try shop.installation.worker("third", slots: 8)
      #expect(try await shop.end(of: run) == "succeeded")
      try await expectWhole(shop, from: ["export", "snapshot"])
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      // Those of the failed attempt are gone, too.
      try await eventually(within: .seconds(240), "only what the point has") {
        try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 2
      }
      await worker.kill()
    }
  }
}
