import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `kill -9` of the worker at every named moment of the main job (`failPoint` in Sources): another one ends the run right.
  @Suite("A worker that dies at a named moment")
  struct KilledWorkerTests {
    /// Starts workers of a shop, which die at a named moment.
    private struct Crew {
      let shop: ProtectedShop

      /// Runs `body` with a worker that dies at a moment.
      func dying(at moment: String, _ body: () async throws -> Void) async throws {
        let moments = try Moments()
        try moments.die(at: moment)
        let first = try shop.installation.worker("first", lease: 5, environment: moments.environment)
        try await body()
        try await moments.passed(moment)
        _ = try await first.end()
      }
    }

    @Test(
      "a backup succeeds, restores byte for byte, and leaves nothing",
      arguments: Moments.ofBackup)
    func backup(moment: String) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("killed") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let crew = Crew(shop: shop)
      let path = shop.volumes[0].path
      let retention = #"retention={"snapshots": {"last": 1}, "exports": {"last": 1}}"#
      // A point that the next run retires.
      let worker = try shop.installation.worker("before")
      _ = try await shop.backup("-p", retention)
      await worker.kill()
      try await shop.shell("head -c 100000 /dev/urandom >'\(path)/orders/3'")
      let before = try await shop.facts(path)
      var run = ""
      try await crew.dying(at: moment) {
        run = try await shop.submitBackup("-p", retention)
      }
      let second = try shop.installation.worker("second")
      #expect(try await shop.end(of: run) == "succeeded", "\(moment)")
      try await shop.shell("rm -r '\(path)/orders'")
      try await shop.holdfast("restore", "shop", "--yes", "--from", "export")
      #expect(try await shop.facts(path) == before)
      #expect(try await shop.leftBehind() == "")
      #expect(
        try await shop.installation.sql("select state, count(*) from holdfast.restore_point group by 1 order by 1")
          == "complete|1\nretired|1")
      #expect(
        try await shop.objects().count == 1)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 1)
      #expect(try await shop.judge() == "")
      await second.kill()
    }

    @Test("a restore ends with what was backed up", arguments: ["restore.begun", "restore.done"])
    func restore(moment: String) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("killed-restore") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let crew = Crew(shop: shop)
      let path = shop.volumes[0].path
      let worker = try shop.installation.worker("before")
      let point = try await shop.backup()
      await worker.kill()
      let before = try await shop.facts(path)
      try await shop.shell("rm -r '\(path)/orders'")
      var run = ""
      try await crew.dying(at: moment) {
        run = try await shop.holdfast("restore", point, "--yes", "--no-wait", "-o", "name")
          .trimmingCharacters(in: .whitespacesAndNewlines)
      }
      let second = try shop.installation.worker("second")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.facts(path) == before)
      await second.kill()
    }
  }
}
