import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `kill -9` of what a backup's worker depends on, at every named moment of the backup: the worker lives and ends it right.
  @Suite("A server that dies at a named moment of a backup")
  struct KilledServerTests {
    private static let retention = #"retention={"last": 1}"#

    /// What has to hold after a backup, whatever happened during it: the newest point brings the volume back, the one before is
    /// retired, and nothing else is left.
    private func expectWhole(_ shop: ProtectedShop, _ moment: String) async throws {
      let target = shop.folder.path + "/restored"
      try await shop.holdfast("restore", try await shop.newestPoint(), "--from", "export", "--target", target)
      #expect(
        try await shop.facts(target + "/data") == shop.facts(shop.volumes[0].path), "\(moment)")
      try await shop.shell("rm -r '\(target)'")
      #expect(try await shop.leftBehind() == "", "\(moment)")
      #expect(try await shop.objects().count == 1, "\(moment)")
      #expect(
        try await shop.installation.number("select count(*) from holdfast.restore_point where state = 'complete'") == 1,
        "\(moment)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 1, "\(moment)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/holdfast/points").count == 1,
        "\(moment)")
    }

    @Test("PostgreSQL alone: the run goes on when it is back")
    func database() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("killed-database") else { return }
      let postgres = try await PostgresInstance()
      let shop = try await ProtectedShop("btrfs", on: mount, installation: try await Installation(on: postgres))
      let moments = try Moments()
      let worker = try shop.installation.worker("main", environment: moments.environment)
      // A point that the next run retires.
      _ = try await shop.backup("-p", Self.retention)
      for (index, moment) in Moments.ofBackup.enumerated() {
        try await shop.shell("head -c 100000 /dev/urandom >'\(shop.volumes[0].path)/orders/3'")
        try moments.rest(at: moment, seconds: 1)
        let run = try await shop.submitBackup("-p", Self.retention)
        try await moments.passed(moment)
        try await postgres.kill()
        // Either it is back before the worker asks again, or the worker finds nobody.
        if index.isMultiple(of: 2) { try await Task.sleep(for: .seconds(2)) }
        try await postgres.start()
        #expect(try await shop.end(of: run) == "succeeded", "\(moment)")
        #expect(!worker.hasEnded)
        try await expectWhole(shop, moment)
      }
      #expect(try await shop.judge() == "")
      await worker.kill()
      try await postgres.stop()
    }

    @Test("PostgreSQL, for longer than a lease lasts, when an export was just stored: it is not stored twice")
    func returned() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("returned") else { return }
      let postgres = try await PostgresInstance()
      let shop = try await ProtectedShop("btrfs", on: mount, installation: try await Installation(on: postgres))
      let moments = try Moments()
      let worker = try shop.installation.worker("main", lease: 5, environment: moments.environment)
      try moments.rest(at: "export.stored", seconds: 2)
      let run = try await shop.submitBackup()
      try await moments.passed("export.stored")
      try await postgres.kill()
      try await Task.sleep(for: .seconds(8))
      try await postgres.start()
      #expect(try await shop.end(of: run) == "succeeded")
      try await expectWhole(shop, "export.stored")
      #expect(try await shop.judge() == "")
      await worker.kill()
      try await postgres.stop()
    }

    @Test("the scheduler alone: its run ends without it, and the next one fires the next slot, once")
    func scheduler() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("killed-scheduler") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let moments = try Moments()
      let worker = try shop.installation.worker("main", environment: moments.environment)
      try await shop.apply(
        """
        apiVersion: holdfast.dev/v1
        kind: Policy
        metadata: {name: always}
        spec:
          selector: {applications: shop}
          workflow: backup
          profile: vault
          schedule: {cron: "* * * * *", catchUp: all, overlap: queue}
          retention: {last: 1}
        """)
      // Slots are due at once, and each waits for the end of the run before.
      try await shop.installation.sql(
        "update holdfast.policy set since = now() - interval '6 min', decided_through = now() - interval '6 min'")
      for (index, moment) in ["snapshot.taken", "clone.made", "export.stored", "restore-point.sealed", "retire.begun"]
        .enumerated()
      {
        try moments.hold(at: moment)
        let scheduler = try shop.installation.start(["scheduler", "--name", "s\(index)", "--tick", "0.5"])
        let held = try await moments.held(at: moment)
        await scheduler.kill()
        held.letGo()
        let runs = try await shop.installation.sql(
          "select run_id from holdfast.run where slot is not null order by slot"
        ).split(separator: "\n")
        #expect(runs.count == index + 1, "\(moment)")
        #expect(try await shop.end(of: String(runs.last ?? "")) == "succeeded", "\(moment)")
        try await expectWhole(shop, moment)
      }
      #expect(
        try await shop.installation.number(
          "select count(*) from (select from holdfast.run where slot is not null group by slot having count(*) > 1) twice"
        )
          == 0)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }
  }
}
