import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Restore points that are snapshots only, brought into a folder.
  @Suite("A snapshot that is restored into a folder")
  struct SnapshotCopyTests {
    private static func backUp(_ shop: ProtectedShop) async throws -> String {
      try await shop.holdfast("submit", "backup-local", "-p", "application=shop", "--wait")
      return try await shop.newestPoint()
    }

    /// What the ledger says of clones: none is left, and there was one.
    private static let clones = "select state, count(*) > 0 from holdfast.resource where kind = 'clone' group by 1"

    @Test(
      "comes as it was, leaves what else is there, and leaves no clone behind",
      arguments: [("btrfs", LoopFileSystem.btrfs), ("reflink", .xfs), ("directory", .ext4)])
    func copy(driver: String, kind: LoopFileSystem) async throws {
      guard let mount = try await kind.sharedFolder("copy") else { return }
      let shop = try await ProtectedShop(driver, on: mount, volumes: ["data", "logs"])
      let worker = try shop.installation.worker("main")
      let path = shop.volumes[0].path
      let before = try await shop.facts(path)
      let point = try await Self.backUp(shop)
      try await shop.shell("cd '\(path)'; rm -r orders link; printf bye >note")
      let changed = try await shop.facts(path)

      // On the same filesystem, and on another one.
      for target in [mount.path + "/look", shop.folder.path + "/look"] {
        try await shop.holdfast("restore", point, "--target", target, "--volume", "data")
        #expect(try await shop.facts(target + "/data") == before)
        #expect(try await shop.shell("ls '\(target)'") == "data\n")
        if driver == "btrfs", target.hasPrefix(mount.path) {
          // A volume of its own.
          #expect(try await shop.shell("stat -c %i '\(target)/data'") == "256\n")
        }
        // Again, over what is there by now.
        try await shop.shell(
          "cd '\(target)/data'; printf mine >added; printf other >note; rm -r orders/old; ln -sf /x empty")
        try await shop.holdfast("restore", point, "--target", target, "--volume", "data")
        #expect(try await shop.shell("cat '\(target)/data/added'; rm '\(target)/data/added'") == "mine")
        #expect(try await shop.facts(target + "/data") == before)
      }
      #expect(try await shop.facts(path) == changed)
      #expect(try await shop.installation.sql(Self.clones) == "released|t")
      #expect(try await shop.leftBehind() == "")
      #expect(try await shop.objects().count == 2)

      // A folder with something in it is in the way of a file.
      let target = shop.folder.path + "/blocked"
      try await shop.shell("mkdir -p '\(target)/data/note/mine'")
      let blocked = try await shop.installation.run(["restore", point, "--target", target, "--volume", "data"])
      #expect(blocked.exitCode == 1, "\(blocked)")
      #expect((blocked.output + blocked.errors).contains("in the place of the folder"), "\(blocked)")
      try await shop.shell("test -d '\(target)/data/note/mine'")
      #expect(try await shop.shell("find '\(target)' -name '.holdfast-new*'") == "")

      // Single files are for exports, which this point has none of.
      let files = try await shop.installation.run([
        "restore", point, "--volume", "data", "--path", "/note", "--target", target,
      ])
      #expect(files.exitCode == 1)
      #expect((files.output + files.errors).contains("has no export of volume 'data'"), "\(files)")
      let browsed = try await shop.installation.run(["browse", point, "data"])
      #expect(browsed.errors.contains("holdfast restore \(point) --volume data --target DIR"), "\(browsed)")
      #expect(try await shop.leftBehind() == "")
      await worker.kill()
    }

    @Test("is whole after a worker died while it was copied, and cancelled leaves no clone behind")
    func interrupted() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("copy") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let moments = try Moments()
      let first = try shop.installation.worker("first", lease: 12, environment: moments.environment)
      let before = try await shop.facts(shop.volumes[0].path)
      let point = try await Self.backUp(shop)
      func submit(_ target: String) async throws -> String {
        try await shop.holdfast(
          "submit", "restore", "-p", "point=\(point)", "-p", "target=\(shop.folder.path)/\(target)", "-o", "name"
        ).trimmingCharacters(in: .whitespacesAndNewlines)
      }

      try moments.hold(at: "clone.noted")
      let cancelled = try await submit("cancelled")
      let held = try await moments.held(at: "clone.noted")
      #expect(try await shop.leftBehind().hasPrefix("clone|hfc-"))
      try await shop.holdfast("cancel", cancelled)
      held.letGo()
      #expect(try await shop.end(of: cancelled) == "cancelled")
      try await eventually(within: .seconds(120), "the release") { try await shop.leftBehind() == "" }

      try moments.die(at: "clone.noted")
      let run = try await submit("died")
      try await moments.passed("clone.noted")
      _ = try await first.end()
      let second = try shop.installation.worker("second")
      #expect(try await shop.end(of: run) == "succeeded")
      #expect(try await shop.facts(shop.folder.path + "/died/data") == before)
      #expect(try await shop.leftBehind() == "")
      #expect(try await shop.installation.sql(Self.clones) == "released|t")
      await second.kill()
    }
  }
}
