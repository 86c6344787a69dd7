import FileSystem
import Foundation
import Restore
import TestSupport
import Testing

/// What lies in a target and isn't the target's: it has no backup there, and nobody may remove it.
@Suite("Restoring with --delete beside other filesystems")
struct ElsewhereTests {
  private func patterns(_ lines: String...) throws -> PathPatterns {
    var patterns = PathPatterns()
    for line in lines { try patterns.add(line) }
    return patterns
  }

  @Test("what is mounted in the target stays, also where the backup has an empty folder, a file or nothing")
  func mounts() async throws {
    guard getuid() == 0 else { return print("skipped: only root may mount") }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "mkdir empty full bound; echo theirs > full/file; echo f > file; echo k > kept")
    try await fixture.shell(
      """
      mkdir -p target/{empty,full,bound,surplus/deep/mounted,file} other
      for place in empty full surplus/deep/mounted file; do
        mount -t tmpfs none target/$place; chmod 701 target/$place; echo ours > target/$place/ours
      done
      mount --bind other target/bound; echo ours > other/ours
      echo gone > target/surplus/gone; echo gone > target/surplus/deep/gone
      """)
    let result = try await fixture.restore(opened) { $0.deletes = true }
    let found = try await fixture.shell(
      """
      cd target; find . -type f | sort; stat -c %a empty
      umount empty full bound surplus/deep/mounted file
      """)
    #expect(
      found.split(separator: "\n") == [
        "./bound/ours", "./empty/ours", "./file/ours", "./full/file", "./full/ours", "./kept",
        "./surplus/deep/mounted/ours", "701",
      ])
    // What could not be restored is told, and counts.
    let messages = result.problems.filter(\.isLoss).map(\.message).sorted()
    #expect(messages.count == 1 && messages[0].hasPrefix("cannot replace the folder"), "\(messages)")
    #expect(result.progress.deleted == 2)
  }

  @Test("subvolumes stay")
  func subvolumes() async throws {
    guard let place = try await LoopFileSystem.btrfs.sharedFolder("elsewhere") else { return }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("mkdir db; echo k > kept")
    try await fixture.shell(
      """
      ln -s '\(place.path)' at; mkdir at/target at/target/surplus
      for name in db surplus/inner; do btrfs -q subvolume create at/target/$name; echo ours > at/target/$name/ours; done
      """)
    let target = place.appendingPathComponent("target").path
    let result = try await fixture.restore(opened) {
      $0.target = target
      $0.deletes = true
    }
    #expect(result.problems.isEmpty && result.progress.deleted == 0)
    #expect(
      try await fixture.shell("cd at/target; find . -type f | sort") == "./db/ours\n./kept\n./surplus/inner/ours\n")
  }

  @Test("what is excluded stays, also below a folder that is surplus")
  func excluded() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo k > kept")
    let excludes = try patterns("/media", "*.tmp")
    try await fixture.shell(
      "mkdir -p target/media/x target/surplus/a; touch target/media/x/y target/surplus/a/{1.tmp,2}")
    let result = try await fixture.restore(opened) {
      $0.excludes = excludes
      $0.deletes = true
    }
    #expect(result.progress.deleted == 1)
    #expect(
      try await fixture.shell("cd target; find . -type f | sort") == "./kept\n./media/x/y\n./surplus/a/1.tmp\n")
  }

  @Test("excludes that were made for a backup with more above mean the same in a restore of a part")
  func excludeRoot() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo k > keep.log")
    let excludes = try patterns("/data/media", "*/cache", "*.log", "!*/keep.log")
    try await fixture.shell("mkdir -p target/media target/cache target/a; touch target/{media,cache,a}/f target/x.log")
    let result = try await fixture.restore(opened) {
      $0.excludes = excludes
      $0.excludeRoot = [Array("data".utf8)]
      $0.deletes = true
    }
    #expect(result.progress.deleted == 2)
    #expect(
      try await fixture.shell("cd target; find . -type f | sort") == "./cache/f\n./keep.log\n./media/f\n./x.log\n")
  }

  @Test("a dry run counts what would go, and no more")
  func dryRun() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo k > kept")
    let excludes = try patterns("*.tmp")
    try await fixture.shell("mkdir -p target/surplus/a target/b; touch target/surplus/a/{1.tmp,2}")
    for isDryRun in [true, false] {
      let result = try await fixture.restore(opened) {
        $0.excludes = excludes
        $0.deletes = true
        $0.isDryRun = isDryRun
      }
      #expect(result.progress.deleted == 2)
    }
  }
}
