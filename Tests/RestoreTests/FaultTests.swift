import Foundation
import ResticRepository
import Restore
import TestSupport
import Testing

@Suite("Restores that meet faults")
struct FaultTests {
  /// A small file system of its own below the fixture's folder; it goes away with the returned closure.
  private func mounted(_ fixture: Fixture, _ options: String) async throws -> @Sendable () async throws -> Void {
    try await fixture.shell("mkdir -p target; mount -t tmpfs -o \(options) none target")
    return { try await fixture.shell("umount target") }
  }

  @Test("a full disk ends it with a clear error, and nothing half-done looks done")
  func fullDisk() async throws {
    guard isRoot else { return }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "for i in $(seq 20); do head -c 3000000 /dev/urandom > f$i; done; touch -d @1000 *")
    let unmount = try await mounted(fixture, "size=20m")
    // Not more than fit are begun at once, however many cores there are.
    let error = await #expect(throws: RestoreError.self) { _ = try await fixture.restore(opened) { $0.workers = 2 } }
    #expect(error?.kind == .full)
    #expect(error?.message.contains("No space left on device") == true)
    // Every file with the backup's time is whole.
    try await fixture.shell(
      "for f in $(find target -type f -newermt @999 ! -newermt @1001); do cmp $f source/$(basename $f); done")
    try await fixture.shell("mount -o remount,size=100m target")
    let result = try await fixture.restore(opened) { $0.overwrite = .ifChanged }
    #expect(!result.isIncomplete && result.progress.unchangedFiles > 0)
    try await fixture.shell("diff -r source target")
    try await unmount()
  }

  @Test("a target that can't be written to is told at once")
  func readOnly() async throws {
    guard isRoot else { return }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo x > f")
    let unmount = try await mounted(fixture, "size=1m,ro")
    let error = await #expect(throws: RestoreError.self) { _ = try await fixture.restore(opened) }
    #expect(error?.kind == .target && error?.message.contains("Read-only file system") == true)
    try await unmount()
    try await fixture.shell("echo file > plain")
    let other = await #expect(throws: RestoreError.self) {
      _ = try await fixture.restore(opened) { $0.target = fixture.folder.path + "/plain" }
    }
    #expect(other?.message.contains("Not a directory") == true)
  }

  @Test("an interrupted restore goes on where it ended")
  func resuming() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      """
      for i in $(seq 300); do echo $i > f$i; done; head -c 60000000 /dev/urandom > big; ln f1 g1
      mkdir d; cp f2 d/; chmod 500 d; touch -d @1000 d * d/*
      """)
    let progress = RestoreProgress()
    let request = RestoreRequest(tree: opened.tree, target: fixture.target.path)
    let task = Task { try await opened.repository.restore(request, index: opened.index, progress: progress) }
    for await state in progress.updates(every: .milliseconds(1)) where state.bytes > 10_000_000 {
      task.cancel()
      break
    }
    let interrupted = await task.result
    // It was faster than the clock.
    if case .success = interrupted { return }
    if progress.state.bytes >= 60_000_000 { return }
    let result = try await fixture.restore(opened) { $0.overwrite = .ifChanged }
    #expect(!result.isIncomplete)
    #expect(result.progress.bytesRead < 60_000_000)
    try await fixture.expectEqual()
  }

  @Test("damage to a pack costs what is in that place, is named, and all else is restored")
  func damage() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "for i in $(seq 40); do head -c 1000000 /dev/urandom > f$i; done; touch -d @1000 *")
    // The largest pack holds files.
    try await fixture.shell(
      """
      pack=$(find repository/data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2); chmod u+w $pack
      printf XXXX | dd of=$pack bs=1 seek=3500000 conv=notrunc status=none
      """)
    let result = try await fixture.restore(opened)
    #expect(result.problemCounts == [.content: 1] && result.isIncomplete)
    #expect(result.problems.first?.message.contains("is damaged") == true)
    #expect(result.progress.files == 39)
    let whole = try await fixture.shell(
      "cd target; n=0; for f in *; do cmp -s $f ../source/$f && [ $(stat -c %Y $f) = 1000 ] && n=$((n+1)); done; echo $n"
    )
    #expect(whole == "39\n")
    // A pack that is gone costs what was in it.
    try await fixture.shell(
      "rm -rf target; rm $(find repository/data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2)")
    let less = try await fixture.restore(opened)
    #expect(less.isIncomplete && less.problemCounts[.content] ?? 0 > 1)
    #expect(less.progress.files + (less.problemCounts[.content] ?? 0) == 40)
  }

  @Test("another name of a file that is damaged is named, too, and not counted as restored")
  func damagedLink() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("head -c 3000000 /dev/urandom > a; mkdir d; ln a d/b; ln a c; echo 1 > e")
    try await fixture.shell(
      """
      pack=$(find repository/data -type f -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2); chmod u+w $pack
      printf XXXX | dd of=$pack bs=1 seek=1000000 conv=notrunc status=none
      """)
    let result = try await fixture.restore(opened)
    #expect(result.problemCounts == [.content: 3] && result.progress.files == 1)
    #expect(Set(result.problems.map { String(decoding: $0.path, as: UTF8.self) }) == ["a", "d/b", "c"])
    #expect(result.problems.count { $0.message.contains("it is another name of") } == 2)
    #expect(try await fixture.shell("ls -A target/d target/c 2>&1 || true").contains("No such file"))
  }

  @Test("what was written wrongly is found when reading back")
  func verification() async throws {
    guard isRoot else { return }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("head -c 5000000 /dev/urandom > f; touch -d @1000 f")
    // Another program changes the file all the time.
    let meddler = Task {
      while !Task.isCancelled {
        if let file = FileHandle(forUpdatingAtPath: fixture.target.path + "/f") {
          try file.seek(toOffset: 1_000_000)
          try file.write(contentsOf: [UInt8.random(in: 0...255), UInt8.random(in: 0...255)])
          try file.close()
        }
        await Task.yield()
      }
    }
    var result = try await fixture.restore(opened) { $0.verifies = true }
    for _ in 0..<200 where !result.isIncomplete {
      result = try await fixture.restore(opened) { $0.verifies = true }
    }
    meddler.cancel()
    _ = await meddler.result
    #expect(result.problemCounts == [.verification: 1])
    #expect(try await fixture.shell("stat -c %Y target/f") != "1000\n")
  }
}
