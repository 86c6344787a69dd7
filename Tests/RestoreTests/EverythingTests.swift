import Foundation
import Restore
import TestSupport
import Testing

/// A folder of everything that restic keeps.
let everything = """
  mkdir -p dir/inner empty 'with space'
  echo hello > dir/file; : > dir/nothing; printf 'x' > 'with space/ü ☃'
  printf 'raw' > $'dir/bad\\xff\\xfename'; printf 'nl' > $'dir/new\\nline'
  head -c 30000000 /dev/urandom > big
  head -c 3000000 /dev/zero > zeros
  truncate -s 20M sparse; printf 'middle' | dd of=sparse bs=1 seek=10000000 conv=notrunc status=none
  for i in $(seq 200); do echo "file $i" > dir/inner/$i; done
  ln big hard; ln dir/file dir/inner/hard2; ln -s ../somewhere/else dir/link; ln -s /etc/passwd absolute
  ln -s $'raw\\xfftarget' rawlink
  mkfifo pipe; chmod 0640 pipe
  chmod 4755 dir/file; chmod 2755 dir/inner; chmod 1777 empty; chmod 0400 big; chmod 0000 dir/nothing
  setfattr -n user.comment -v 'a value' dir/file; setfattr -n user.bin -v 0x00ff01 dir
  setfattr -n user.empty big
  setfacl -m u:12345:rw dir/inner/1; setfacl -d -m g:54321:rx dir/inner
  if [ "$(id -u)" = 0 ]; then
    mknod null c 1 3; mknod loop b 7 200; chown -h 1234:5678 dir/inner/2 dir/link pipe null; chmod 6755 dir/inner/2
  fi
  touch -d '1965-03-04 05:06:07.123456789' dir/inner/3; touch -h -d '1999-01-01 00:00:00.5' dir/link
  touch -d '2001-02-03 04:05:06.000000001' dir empty
  """

@Suite("Restoring")
struct EverythingTests {
  @Test("everything that restic keeps comes back", arguments: [false, true])
  func everythingComesBack(verifies: Bool) async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    let result = try await fixture.restore(opened) { $0.verifies = verifies }
    #expect(result.problems.isEmpty)
    #expect(!result.isIncomplete)
    try await fixture.expectEqual()
    #expect(result.progress.files == result.progress.expectedFiles)
    #expect(result.progress.bytes == result.progress.expectedBytes)
    #expect(verifies == (result.progress.verifiedBytes > 30_000_000))
    // restic's own restore agrees.
    try await fixture.restic("restore", "latest", "--target", fixture.folder.path + "/theirs")
    try await fixture.shell(
      "! diff -r --no-dereference theirs target | grep -vE 'is a (character|block) special file|is a fifo'")
    // Once more changes nothing, and reads nothing of the repository.
    for overwrite in [RestoreRequest.Overwrite.ifChanged, .always] {
      let again = try await fixture.restore(opened) {
        $0.overwrite = overwrite
        $0.verifies = verifies
      }
      #expect(again.problems.isEmpty)
      #expect(again.progress.bytesRead == 0)
      #expect(again.progress.unchangedFiles == again.progress.files)
      try await fixture.expectEqual()
    }
  }

  @Test("zeros become holes if wished for, and take their blocks if not")
  func sparse() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    _ = try await fixture.restore(opened) { $0.sparse = true }
    let blocks = try await fixture.shell("stat -c %b target/sparse target/zeros")
    let numbers = blocks.split(separator: "\n").compactMap { Int($0) }
    #expect(numbers.count == 2 && numbers[0] <= 16 && numbers[1] == 0, "\(blocks)")
    try await fixture.shell("cmp source/sparse target/sparse; cmp source/zeros target/zeros; rm -r target")
    _ = try await fixture.restore(opened)
    try await fixture.shell("cmp source/sparse target/sparse; cmp source/zeros target/zeros")
    #expect(try await fixture.shell("stat -c %b target/sparse") >= "40000")
    // Over data, holes have to be made.
    try await fixture.shell("head -c 20M /dev/urandom | tee target/sparse > /dev/null")
    _ = try await fixture.restore(opened) { $0.sparse = true }
    try await fixture.shell("cmp source/sparse target/sparse")
    let afterwards = try #require(Int(try await fixture.shell("stat -c %b target/sparse").dropLast()))
    #expect(afterwards < 6000)
  }

  @Test("memory is bounded by batches: many small ones give the same")
  func smallBatches() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    let result = try await fixture.restore(opened) {
      $0.batchLimit = 1
      $0.workers = 3
    }
    #expect(result.problems.isEmpty)
    try await fixture.expectEqual()
  }

  @Test("a part of a snapshot: a folder's content, or one file")
  func subpath() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    _ = try await fixture.restore(opened) { $0.subpath = [Array("dir".utf8), Array("inner".utf8)] }
    #expect(try await fixture.shell("ls target | wc -l") == "201\n")
    try await fixture.shell("rm -r target")
    _ = try await fixture.restore(opened) { $0.subpath = [Array("dir".utf8), Array("file".utf8)] }
    #expect(try await fixture.shell("cat target/*") == "hello\n")
    let error = await #expect(throws: RestoreError.self) {
      _ = try await fixture.restore(opened) { $0.subpath = [Array("dir".utf8), Array("none".utf8)] }
    }
    #expect(error?.message.contains("the snapshot has no 'dir/none'") == true)
  }

  @Test("the target gets what the folder has that is restored, if that is wished for, and else keeps its own")
  func top() async throws {
    let fixture = try Fixture()
    let owner = getuid() == 0 ? "chown 7:9 dir;" : ""
    let opened = try await fixture.backedUp(
      "mkdir -p dir/inner; setfattr -n user.tone -v low dir; \(owner) chmod 2751 dir; touch -d 2001-02-03T04:05:06.7Z dir"
    )
    let look = "stat -c '%a %u:%g %y' target; getfattr --absolute-names --only-values -n user.tone target 2>&1 || true"
    let wanted = try await fixture.shell(look.replacingOccurrences(of: "target", with: "source/dir"))
    try await fixture.shell("mkdir -m 711 target; setfattr -n user.other -v gone target")
    let before = try await fixture.shell("stat -c '%a %u:%g' target; getfattr -d target")
    _ = try await fixture.restore(opened) { $0.subpath = [Array("dir".utf8)] }
    #expect(try await fixture.shell("stat -c '%a %u:%g' target; getfattr -d target") == before)

    for isThere in [true, false] {
      let result = try await fixture.restore(opened) {
        $0.subpath = [Array("dir".utf8)]
        $0.restoresTop = true
      }
      #expect(result.problems.isEmpty)
      #expect(try await fixture.shell(look) == wanted, "there: \(isThere)")
      #expect(try await fixture.shell("getfattr -d target | grep -c user") == "1\n")
      try await fixture.shell("rm -r target")
    }
    // Of the tree itself nothing is known.
    _ = try await fixture.restore(opened) { $0.restoresTop = true }
    #expect(try await fixture.shell("ls target") == "dir\n")
  }
}
