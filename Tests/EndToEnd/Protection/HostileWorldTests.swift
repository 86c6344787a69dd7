import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What goes wrong around the main job: full disks, stores that are away, volumes that vanish, jobs that meet.
  @Suite("The main job in a hostile world")
  struct HostileWorldTests {
    @Test("a full disk at the repository: the export waits, goes on when there is room, and nothing is broken")
    func fullRepository() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("full") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      _ = try await LoopFileSystem.ext4.withOwn(megabytes: 40) { disk in
        try await shop.shell(
          "mkdir '\(disk.path)/vault'; ln -s '\(disk.path)/vault' '\(shop.repository)'; head -c 25M /dev/urandom >'\(disk.path)/filler'"
        )
        try await shop.shell("head -c 20M /dev/urandom >'\(shop.volumes[0].path)/big'")
        let before = try await shop.facts(shop.volumes[0].path)
        let worker = try shop.installation.worker("main")
        let run = try await shop.holdfast(
          "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-o", "name"
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually(within: .seconds(120), "a failed export") {
          try await shop.installation.number(
            "select count(*) from holdfast.attempt where state = 'retrying' and step_id >> 20 = \(run) and message like '%space%'"
          ) > 0
        }
        try await shop.shell("rm '\(disk.path)/filler'")
        #expect(try await shop.end(of: run) == "succeeded")
        try await shop.shell("rm '\(shop.volumes[0].path)/big'")
        try await shop.holdfast("restore", "shop", "--yes", "--from", "export")
        #expect(try await shop.facts(shop.volumes[0].path) == before)
        #expect(try await shop.judge() == "")
        await worker.kill()
      }
    }

    @Test("an export from which a file is missing is no export: it is stored once it is whole")
    func missingFile() async throws {
      guard let mount = try await LoopFileSystem.xfs.sharedFolder("whole") else { return }
      let shop = try await ProtectedShop("directory", on: mount)
      let path = shop.volumes[0].path
      let before = try await shop.facts(path)
      // Longer than a listing can say.
      try await shop.shell("truncate -s 9223372036854775807 '\(path)/endless'")
      let worker = try shop.installation.worker("main")
      let run = try await shop.holdfast(
        "submit", "backup-generic", "-p", "application=shop", "-p", "profile=vault", "-o", "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      try await eventually(within: .seconds(120), "two failed exports") {
        try await shop.installation.number(
          "select count(*) from holdfast.attempt where state = 'retrying' and step_id >> 20 = \(run) and message like '%endless is left out%'"
        ) > 1
      }
      #expect(try await shop.shell("ls '\(shop.repository)/snapshots' | wc -l") == "0\n")
      try await shop.shell("rm '\(path)/endless'")
      #expect(try await shop.end(of: run) == "succeeded")
      try await shop.holdfast("restore", "shop", "--yes", "--from", "export")
      #expect(try await shop.facts(path) == before)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("a full disk at the snapshot: a clear failure, and nothing half made")
    func fullVolume() async throws {
      _ = try await LoopFileSystem.ext4.withOwn(megabytes: 40) { disk in
        let shop = try await ProtectedShop("directory", on: disk)
        try await shop.shell("head -c 20M /dev/urandom >'\(shop.volumes[0].path)/big'")
        let worker = try shop.installation.worker("main")
        let result = try await shop.installation.run(
          ["submit", "backup-local", "-p", "application=shop", "--wait"])
        #expect(result.exitCode == 1)
        #expect((result.output + result.errors).contains("volume shop/data"), "\(result)")
        #expect(try await shop.shell("find '\(disk.path)' -name 'hf*-*' | wc -l") == "0\n")
        try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
        await worker.kill()
      }
    }

    @Test("a repository that is away for a while is waited for, and the reason can be read")
    func repositoryAway() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("away") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let worker = try shop.installation.worker("main")
      _ = try await shop.backup()
      // What an unmounted disk leaves: another folder, which must not become a new repository.
      try await shop.shell(
        "mv '\(shop.repository)' '\(shop.repository).away'; mkdir '\(shop.repository)'")
      let run = try await shop.holdfast(
        "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-o", "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      try await eventually(within: .seconds(120), "an export that waits") {
        try await shop.installation.number(
          "select count(*) from holdfast.waiting where run_id = \(run) and reason like '%profile vault%'") > 0
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository) == [])
      try await shop.shell("rmdir '\(shop.repository)'; mv '\(shop.repository).away' '\(shop.repository)'")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("a volume that is not there: a clear failure, and nothing left behind")
    func volumeGone() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("gone") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let worker = try shop.installation.worker("main")
      try await shop.shell("btrfs -q subvolume delete '\(shop.volumes[0].path)'")
      let result = try await shop.installation.run([
        "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "--wait",
      ])
      #expect(result.exitCode == 1)
      #expect((result.output + result.errors).contains("volume shop/data"), "\(result)")
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      await worker.kill()
    }

    /// When a volume is removed, and how its backup ends then.
    struct Removal: Sendable, CustomTestStringConvertible {
      let moment: String
      let end: String
      var testDescription: String { moment }
    }

    @Test(
      "a volume that is removed in the middle: a snapshot that was taken suffices, without one there is a clear failure",
      arguments: [
        // Before the snapshots, right after them, and while they are exported.
        Removal(moment: "freeze.frozen", end: "failed"), Removal(moment: "thaw.begun", end: "succeeded"),
        Removal(moment: "export.intended", end: "succeeded"),
      ])
    func volumeRemoved(removal: Removal) async throws {
      try await RestingShop.with("removed") { resting in
        let shop = resting.shop
        let path = shop.volumes[0].path
        let before = try await shop.facts(path)
        let moments = try Moments()
        let worker = try shop.installation.worker("main", slots: 8, environment: moments.environment)
        try moments.hold(at: removal.moment)
        let run = try await shop.submitBackup()
        let held = try await moments.held(at: removal.moment)
        try await shop.shell("btrfs -q subvolume delete '\(path)'")
        held.letGo()
        #expect(try await shop.end(of: run) == removal.end)
        try await resting.expectAwake(removal.moment)
        try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
        if removal.end == "failed" {
          let failure = try await shop.installation.sql("select failure from holdfast.run where run_id = \(run)")
          #expect(failure.contains("volume shop/data: ") && failure.contains("is not there: \(path)"), "\(failure)")
          #expect(resting.hooks == ["rest", "resume", "failed"])
          #expect(try await shop.objects() == [])
          #expect(try await shop.installation.number("select count(*) from holdfast.restore_point") == 0)
        } else {
          #expect(resting.hooks == ["rest", "resume"])
          try await shop.holdfast("restore", "shop", "--from", "snapshot", "--yes")
          #expect(try await shop.facts(path) == before, "from the snapshot")
          let target = shop.folder.path + "/restored"
          try await shop.holdfast("restore", "shop", "--from", "export", "--target", target)
          #expect(try await shop.facts(target + "/data") == before, "from the export")
          #expect(try await shop.objects().count == 2)
        }
        await worker.kill()
      }
    }

    @Test("two backups of one application at once: both are whole")
    func twoAtOnce() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("two") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount, volumes: ["data", "logs"])
      let worker = try shop.installation.worker("main", slots: 8)
      async let first = shop.backup()
      async let second = shop.backup()
      _ = try await (first, second)
      #expect(try await shop.installation.number("select count(*) from holdfast.restore_point where exports = 2") == 2)
      #expect(try await shop.leftBehind() == "")
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("a restore of an export that somebody removed fails at once, says so, and touches nothing")
    func removedExport() async throws {
      let mount = try scratchDirectory("removed-export")
      let shop = try await ProtectedShop("directory", on: mount)
      let worker = try shop.installation.worker("here", slots: 8)
      let point = try await shop.backup()
      try await shop.shell("rm '\(shop.repository)'/snapshots/*")
      let before = try await shop.facts(shop.volumes[0].path)
      let result = try await shop.installation.run(["restore", point, "--from", "export", "--yes"])
      #expect(result.exitCode == 1, "\(result)")
      #expect((result.output + result.errors).contains("is not in the repository at"), "\(result)")
      #expect(try await shop.facts(shop.volumes[0].path) == before)
      #expect(
        try await shop.installation.sql(
          "select count(*) from holdfast.attempt where state = 'failed'") == "1")
      await worker.kill()
    }

    @Test("a point that is being restored from is not retired meanwhile")
    func retireWhileRestoring() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("held") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let moments = try Moments()
      let worker = try shop.installation.worker("main", slots: 8, environment: moments.environment)
      let before = try await shop.facts(shop.volumes[0].path)
      let point = try await shop.backup()
      _ = try await shop.backup()
      try moments.hold(at: "restore.begun")
      let run = try await shop.holdfast("restore", point, "--yes", "--no-wait", "--from", "export", "-o", "name")
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let held = try await moments.held(at: "restore.begun")
      func retire() async throws {
        try await shop.holdfast("submit", "retire", "-p", "application=shop", "-p", #"retention={"last": 1}"#, "--wait")
      }
      try await retire()
      let state = "select state, exports from holdfast.restore_point where name = '\(point)'"
      #expect(try await shop.installation.sql(state) == "complete|1")
      held.letGo()
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.facts(shop.volumes[0].path) == before)
      try await retire()
      #expect(try await shop.installation.sql(state) == "retired|0")
      await worker.kill()
    }
  }
}
