import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Programs can set a file's time of modification: VeraCrypt does, and so do `touch -r`, `cp -p` and what restores files.
  @Suite("A change that neither size nor time of modification shows")
  struct HiddenChangeTests {
    @Test(
      "is in the next export of a snapshot by reflink, and what did not change isn't read", arguments: [false, true])
    func reflink(isImage: Bool) async throws {
      guard let mount = try await LoopFileSystem.xfs.sharedFolder("hidden") else { return }
      let make =
        isImage
        ? #"head -c 4194304 /dev/urandom >"$0"; touch -d 2001-02-03T04:05:06Z "$0""#
        : #"""
        mkdir -p "$0/sub"; head -c 300000 /dev/urandom >"$0/container"; head -c 200000 /dev/urandom >"$0/sub/other"
        ln "$0/sub/other" "$0/second"; ln -s container "$0/link"; touch -d 2001-02-03T04:05:06Z "$0/container"
        """#
      let shop = try await ProtectedShop("reflink", on: mount) { path in
        let made = try await runProgram("/bin/bash", ["-euc", make, path])
        guard made.exitCode == 0 else { throw TestSupportError("no volume: \(made.errors)") }
      }
      let worker = try shop.installation.worker("main")
      let path = shop.volumes[0].path
      let container = isImage ? path : path + "/container"
      let (size, others) = isImage ? (4_194_304, 0) : (300_000, 400_000)
      // What changed right before a snapshot is read once more for the next one.
      try await Task.sleep(for: .milliseconds(2500))
      let first = try await shop.backup()
      #expect(try await bytesRead(shop) == size + others)
      _ = try await shop.backup()
      #expect(try await bytesRead(shop) == 0)

      try await shop.shell("cp '\(container)' '\(shop.folder.path)/old'")
      try await shop.shell(
        """
        printf CHANGED | dd of='\(container)' bs=1 seek=1000 conv=notrunc status=none
        touch -d 2001-02-03T04:05:06Z '\(container)'; cp '\(container)' '\(shop.folder.path)/new'
        """)
      let second = try await shop.backup()
      #expect(try await bytesRead(shop) == size)
      let name = isImage ? "data" : "container"
      for (point, expected) in [(first, "old"), (second, "new")] {
        let target = shop.folder.path + "/restored-" + expected
        try await shop.holdfast("restore", point, "--from", "export", "--target", target)
        try await shop.shell("cmp '\(shop.folder.path)/\(expected)' '\(target)/data/\(name)'")
        try await shop.holdfast("restore", point, "--from", "snapshot", "--yes")
        try await shop.shell("cmp '\(shop.folder.path)/\(expected)' '\(container)'")
        // Nothing of what the snapshot's files say of their sources is left on what is restored.
        #expect(try await shop.shell("getfattr -R -d -m 'user[.]holdfast' '\(target)' '\(path)'") == "")
      }
      #expect(try await shop.judge() == "")
      #expect(try await shop.leftBehind() == "")
      await worker.kill()
    }

    /// What the newest export has read.
    private func bytesRead(_ shop: ProtectedShop) async throws -> Int {
      try await shop.installation.number(
        """
        select (a.outputs ->> 'readBytes')::bigint from holdfast.attempt a join holdfast.step s using (step_id)
        where s.name like 'volumes%.export' and a.state = 'succeeded' order by step_id desc limit 1
        """)
    }
  }
}
