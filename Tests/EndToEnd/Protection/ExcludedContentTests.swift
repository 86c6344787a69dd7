import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What an application's document excludes is in no backup, so nothing could bring it back.
  @Suite("A restore in place of a volume with excludes")
  struct ExcludedContentTests {
    /// Changes what is excluded and what is not.
    private func change(_ shop: ProtectedShop, to word: String) async throws {
      try await shop.shell(
        """
        cd '\(shop.volumes[0].path)'; rm -rf orders uploads/old; mkdir -p added/cache
        echo '\(word)' | tee uploads/1 uploads/2 cache/1 cache/2 added/cache/1 added/2 >note
        """)
    }

    /// What came back, and then each line of the folders that were changed.
    private func content(_ shop: ProtectedShop) async throws -> String {
      try await shop.shell(
        """
        cd '\(shop.volumes[0].path)'; cat orders/1 orders/old/2 | wc -c; cat note; echo
        (grep -r . uploads cache added 2>/dev/null || true) | LC_ALL=C sort
        """)
    }

    @Test(
      "leaves them alone, those of the document and those of the point, from snapshot and from export",
      arguments: MainJobTests.cases)
    func survives(driver: String, kind: LoopFileSystem) async throws {
      guard let mount = try await kind.sharedFolder("excludes-\(driver)") else { return }
      let shop = try await ProtectedShop(driver, on: mount, volume: ", exclude: [/uploads]")
      let worker = try shop.installation.worker("main", slots: 8)
      try await shop.shell(
        "cd '\(shop.volumes[0].path)'; mkdir -p uploads/old cache; echo old | tee uploads/1 uploads/old/2 >cache/1")
      let point = try await shop.backup()
      let restored = "370000\nhello\n"

      // From now on, the cache is excluded, too.
      try await shop.applyDocuments(volume: ", exclude: [/uploads, cache]")
      for source in ["snapshot", "export"] {
        try await change(shop, to: source)
        try await shop.holdfast("restore", point, "--yes", "--no-hooks", "--from", source)
        let kept = ["added/cache/1", "cache/1", "cache/2", "uploads/1", "uploads/2"].map { "\($0):\(source)\n" }
        #expect(try await content(shop) == restored + kept.joined(), "from \(source)")
      }
      // Nothing any more; but the point's export has no uploads.
      try await shop.applyDocuments()
      for source in ["snapshot", "export"] {
        try await change(shop, to: source)
        try await shop.holdfast("restore", point, "--yes", "--from", source)
        #expect(
          try await content(shop) == "\(restored)cache/1:old\nuploads/1:\(source)\nuploads/2:\(source)\n",
          "from \(source)")
      }
      // Into a folder, all comes that the snapshot has.
      let beside = shop.folder.path + "/beside"
      try await shop.holdfast("restore", point, "--from", "snapshot", "--target", beside)
      #expect(try await shop.shell("cd '\(beside)/data'; cat uploads/1 uploads/old/2 cache/1") == "old\nold\nold\n")
      await worker.kill()
    }

    @Test("takes the export where a program would restore all of the snapshot, and is refused where there is none")
    func program() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("excludes-exec") else { return }
      let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../deploy/drivers/example").standardizedFileURL.path
      let shop = try await ProtectedShop("exec", on: mount, volume: ", program: \(program), exclude: [/uploads]")
      let worker = try shop.installation.worker("main", slots: 8)
      let path = shop.volumes[0].path
      try await shop.shell("cd '\(path)'; mkdir uploads; echo old >uploads/1")
      let point = try await shop.backup()
      try await shop.holdfast("submit", "backup-local", "-p", "application=shop", "--wait")
      let local = try await shop.newestPoint()
      try await shop.shell("cd '\(path)'; rm -r orders; echo new >uploads/1")

      for (arguments, reason) in [
        ([point, "--from", "snapshot"], "restores its snapshot as a whole"),
        ([local], "its program restores all of it"),
      ] {
        let refused = try await shop.installation.run(["restore"] + arguments + ["--yes"])
        #expect(refused.exitCode == 1, "\(refused)")
        #expect((refused.output + refused.errors).contains(reason), "\(refused)")
        #expect(try await shop.shell("cd '\(path)'; cat uploads/1; test ! -e orders") == "new\n")
      }
      try await shop.holdfast("restore", point, "--yes")
      #expect(try await shop.shell("cd '\(path)'; cat uploads/1; ls orders") == "new\n1\nold\n")
      await worker.kill()
    }
  }
}
