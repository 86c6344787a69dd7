import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Several runs at one application at the same time.
  @Suite("Runs that want the same application")
  struct SharedApplicationTests {
    /// A shop whose hooks write what they do into a file, and whose backups rest as long as another file is there.
    private func shop(_ log: URL) async throws -> ProtectedShop? {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("shared") else { return nil }
      let (log, closed) = (log.path + "/log", log.path + "/closed")
      func hook(_ word: String) -> String { "[{exec: {command: [sh, -c, 'echo \(word) >>\(log)']}}]" }
      return try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks:
              backupPrehook: [{exec: {command: [sh, -c, 'echo rest >>\(log); while [ -e \(closed) ]; do sleep 0.05; done']}}]
              backupPosthook: \(hook("resume"))
              restorePrehook: \(hook("stop"))
              restorePosthook: \(hook("start"))
          """)
    }

    private func waiting(_ shop: ProtectedShop, _ run: String, for other: String) async throws {
      try await eventually("run \(run) waits for run \(other)") {
        try await shop.installation.sql(
          "select reason from holdfast.parked where step_id >> 20 = \(run)"
        ).hasPrefix("run \(other) (")
      }
    }

    @Test("backups and a restore at one moment: each has the application to itself, in the order in which they came")
    func oneAfterTheOther() async throws {
      let folder = try scratchDirectory("shared")
      guard let shop = try await shop(folder) else { return }
      let installation = shop.installation
      let worker = try installation.worker("main", slots: 8)
      _ = try await shop.backup()
      let closed = folder.appendingPathComponent("closed")
      try Data().write(to: closed)

      let first = try await shop.submitBackup()
      try await eventually("the first backup has begun") {
        try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8) == "rest\nresume\nrest\n"
      }
      let second = try await shop.holdfast("submit", "backup-local", "-p", "application=shop", "-o", "name")
        .trimmingCharacters(in: .whitespacesAndNewlines)
      try await waiting(shop, second, for: first)
      let restore = try await shop.holdfast("submit", "restore", "-p", "point=shop", "-o", "name")
        .trimmingCharacters(in: .whitespacesAndNewlines)
      try await waiting(shop, restore, for: first)
      // To another place there is nothing to wait for.
      try await shop.holdfast("restore", "shop", "--target", folder.path + "/copy", "--yes")

      try FileManager.default.removeItem(at: closed)
      for run in [first, second, restore] { #expect(try await shop.end(of: run) == "succeeded", "\(run)") }
      #expect(
        try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)
          == "rest\nresume\nrest\nresume\nrest\nresume\nstop\nstart\n")
      #expect(
        try await installation.sql("select string_agg(distinct consistency, ' ') from holdfast.restore_point")
          == "application")
      await worker.kill()
    }

    @Test("a cancelled run lets the application go, and one that waits for it never touches it")
    func cancelled() async throws {
      let folder = try scratchDirectory("shared")
      guard let shop = try await shop(folder) else { return }
      let installation = shop.installation
      let worker = try installation.worker("main", slots: 8)
      let closed = folder.appendingPathComponent("closed")
      try Data().write(to: closed)
      let first = try await shop.submitBackup()
      try await eventually("the first backup has begun") {
        FileManager.default.fileExists(atPath: folder.path + "/log")
      }
      let second = try await shop.submitBackup()
      let third = try await shop.submitBackup()
      try await waiting(shop, third, for: first)
      try await shop.holdfast("cancel", second)
      #expect(try await shop.end(of: second) == "cancelled")
      try await shop.holdfast("cancel", first)
      try FileManager.default.removeItem(at: closed)
      #expect(try await shop.end(of: third) == "succeeded")
      #expect(try await shop.end(of: first) == "cancelled")
      #expect(
        try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)
          == "rest\nresume\nrest\nresume\n", "no hook of the second one, which never had its turn")
      // What failed halfway is repeated with the application in hand.
      try await shop.holdfast("retry", first)
      #expect(try await shop.end(of: first) == "succeeded")
      #expect(try await installation.number("select count(*) from holdfast.restore_point") == 2)
      #expect(try await installation.number("select count(*) from holdfast.application_hold") == 0)
      await worker.kill()
    }

    @Test("a pause while the application rests: the snapshots are taken and it goes on, the export waits")
    func paused() async throws {
      let folder = try scratchDirectory("shared")
      guard let shop = try await shop(folder) else { return }
      let installation = shop.installation
      let worker = try installation.worker("main", slots: 8)
      let closed = folder.appendingPathComponent("closed")
      try Data().write(to: closed)
      let run = try await shop.submitBackup()
      try await eventually("the backup has begun") { FileManager.default.fileExists(atPath: folder.path + "/log") }
      try await shop.holdfast("pause", "queue", "default")
      try FileManager.default.removeItem(at: closed)
      try await eventually("the application goes on") {
        try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8) == "rest\nresume\n"
      }
      try await eventually("the rest waits") {
        try await installation.number(
          "select count(*) from holdfast.waiting where run_id = \(run) and name = 'volumes[0].ready' and waits_for = 'paused'"
        ) == 1
      }
      #expect(try await installation.number("select count(*) from holdfast.resource where kind = 'export'") == 0)
      try await shop.holdfast("resume", "queue", "default")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await installation.sql("select consistency from holdfast.restore_point") == "application")
      await worker.kill()
    }
  }
}
