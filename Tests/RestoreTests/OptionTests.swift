import FileSystem
import Foundation
import Restore
import Synchronization
import TestSupport
import Testing

@Suite("What is restored, and over what")
struct OptionTests {
  private let script = """
    mkdir -p a/b/c d; for f in a/one.txt a/two.log a/b/three.txt a/b/c/four.TXT d/five.txt; do echo $f > $f; done
    touch -d @1000 a/*.* a/b/*.* a/b/c/*.* d/*.*; touch -d @2000 a/b d
    """

  private func patterns(_ texts: String..., ignoringCase: Bool = false) throws -> PathPatterns {
    var patterns = PathPatterns()
    for text in texts { try patterns.add(text, ignoringCase: ignoringCase) }
    return patterns
  }

  private func files(_ fixture: Fixture) async throws -> [String] {
    try await fixture.shell("cd target; find . -mindepth 1 | LC_ALL=C sort").split(separator: "\n").map(String.init)
  }

  @Test("only what fits is restored, with the folders that lead there")
  func includes() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(script)
    let includes = try patterns("*.txt")
    _ = try await fixture.restore(opened) { $0.includes = includes }
    #expect(
      try await files(fixture) == ["./a", "./a/b", "./a/b/three.txt", "./a/one.txt", "./d", "./d/five.txt"])
    // Folders that only lead to something get their metadata, too.
    #expect(try await fixture.shell("stat -c %Y target/a/b") == "2000\n")
    try await fixture.shell("rm -r target")
    let anyCase = try patterns("/a/**/*.txt", ignoringCase: true)
    _ = try await fixture.restore(opened) { $0.includes = anyCase }
    #expect(
      try await files(fixture) == [
        "./a", "./a/b", "./a/b/c", "./a/b/c/four.TXT", "./a/b/three.txt", "./a/one.txt",
      ])
    try await fixture.shell("rm -r target")
    let folder = try patterns("/a/b")
    _ = try await fixture.restore(opened) { $0.includes = folder }
    #expect(try await files(fixture) == ["./a", "./a/b", "./a/b/c", "./a/b/c/four.TXT", "./a/b/three.txt"])
  }

  @Test("includes that nothing has fitted are named, as they were written")
  func unfitted() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(script)
    // Under a folder that is chosen, too; what is excluded or taken back is not there.
    let includes = try patterns("/a/b", "three.txt", "*.TXT", "/b", "/d/five.txt", "two.log", "!two.log", "!none")
    let excludes = try patterns("/d")
    let result = try await fixture.restore(opened) {
      $0.includes = includes
      $0.excludes = excludes
    }
    #expect(result.unfittedIncludes == ["/b", "/d/five.txt", "two.log"])
    #expect(!result.isIncomplete && result.problems.isEmpty)
    #expect(try await fixture.restore(opened).unfittedIncludes.isEmpty)
  }

  @Test("what fits an exclude is left out, and left alone when surplus is removed")
  func excludes() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(script)
    let excludes = try patterns("b", "*.log", "keep")
    try await fixture.shell("mkdir -p target/a/keep target/surplus/deep target/d; echo x > target/d/old")
    let result = try await fixture.restore(opened) {
      $0.excludes = excludes
      $0.deletes = true
    }
    #expect(try await files(fixture) == ["./a", "./a/keep", "./a/one.txt", "./d", "./d/five.txt"])
    #expect(result.progress.deleted == 3)
  }

  @Test("a second list of excludes leaves out more, whatever it takes back")
  func furtherExcludes() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("mkdir a b c; touch a/1 b/1 c/1")
    let (excludes, further) = (try patterns("/top/a", "!/top/b"), try patterns("/top/b", "!/top/a"))
    try await fixture.shell("mkdir -p target/a target/b target/c; touch target/{a,b,c}/2")
    let result = try await fixture.restore(opened) {
      $0.excludes = excludes
      $0.furtherExcludes = further
      $0.excludeRoot = [Array("top".utf8)]
      $0.deletes = true
    }
    #expect(try await files(fixture) == ["./a", "./a/2", "./b", "./b/2", "./c", "./c/1"])
    #expect(result.progress.deleted == 1)
  }

  @Test("files that are there are treated as wished for", arguments: RestoreRequest.Overwrite.allCases)
  func overwriting(overwrite: RestoreRequest.Overwrite) async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(
      "for f in same old new short long; do echo content > $f; done; touch -d @1000 *")
    // same: equal in size and time but not in content.
    try await fixture.shell(
      """
      mkdir target; cd target; echo CONTENT | tee same old new > /dev/null; echo c > short; echo 'much longer' > long
      touch -d @1000 same; touch -d @500 old; touch -d @2000 new short long; chmod 600 same
      """)
    let result = try await fixture.restore(opened) { $0.overwrite = overwrite }
    let content = try await fixture.shell("cd target; for f in same old new short long; do cat $f; done")
      .split(separator: "\n").map(String.init)
    let theirs = "content"
    switch overwrite {
    case .always: #expect(content == [theirs, theirs, theirs, theirs, theirs])
    case .ifChanged: #expect(content == ["CONTENT", theirs, theirs, theirs, theirs])
    case .ifNewer: #expect(content == ["CONTENT", theirs, "CONTENT", "c", "much longer"])
    case .never: #expect(content == ["CONTENT", "CONTENT", "CONTENT", "c", "much longer"])
    }
    #expect(result.problems.isEmpty)
    // Of what counts as equal, the metadata are restored all the same.
    let mode = overwrite == .always || overwrite == .ifChanged ? "644\n" : "600\n"
    #expect(try await fixture.shell("stat -c %a target/same") == mode)
  }

  @Test("only pieces that differ are read and written")
  func pieces() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("head -c 40000000 /dev/urandom > big")
    _ = try await fixture.restore(opened)
    try await fixture.shell(
      "printf changed | dd of=target/big bs=1 seek=20000000 conv=notrunc status=none; truncate -s 41M target/big")
    let result = try await fixture.restore(opened)
    #expect(result.progress.bytesRead > 0 && result.progress.bytesRead < 10_000_000)
    try await fixture.expectEqual()
  }

  @Test("all names of a file that was changed get the content back")
  func changedLinks() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo content > a; ln a b; ln a c; mkdir d; ln a d/e; touch -d @1000 a d")
    _ = try await fixture.restore(opened)
    try await fixture.shell("echo CONTENT > target/b; touch -d @1000 target/b; rm target/c")
    #expect(try await fixture.restore(opened).problems.isEmpty)
    try await fixture.expectEqual()
    #expect(try await fixture.shell("cat target/d/e; stat -c %h target/*[abc]") == "content\n4\n4\n4\n")
  }

  @Test("a deletion that would take everything is refused")
  func deletion() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("mkdir d; echo x > d/f")
    try await fixture.shell("mkdir target; echo mine > target/mine")
    let single = await #expect(throws: RestoreError.self) {
      _ = try await fixture.restore(opened) {
        $0.subpath = [Array("d".utf8), Array("f".utf8)]
        $0.deletes = true
      }
    }
    #expect(single?.kind == .badRequest)
    try await fixture.shell("ln -s / root")
    let target = fixture.target.path
    let up = String(repeating: "/..", count: target.split(separator: "/").count)
    for root in ["/", "//", "/.", "/proc/self/root", target + up, target + "/../root"] {
      let error = await #expect(throws: RestoreError.self) {
        _ = try await fixture.restore(opened) {
          ($0.target, $0.deletes, $0.isDryRun) = (root, true, true)
        }
      }
      #expect(error?.message.contains("would remove the system") == true, "\(root)")
      #expect(error?.kind == .badRequest)
    }
    #expect(try await fixture.shell("cat target/mine") == "mine\n")
  }

  @Test("a dry run says what would be done, and does nothing")
  func dryRun() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(script)
    try await fixture.shell("mkdir -p target/d; echo surplus > target/d/old; echo other > target/d/five.txt")
    let before = try await fixture.fingerprint(fixture.target)
    let items = Mutex<[String]>([])
    let result = try await fixture.restore(opened) {
      $0.isDryRun = true
      $0.deletes = true
      $0.onItem = { item in
        items.withLock { $0.append("\(item.action) \(String(decoding: item.path, as: UTF8.self))") }
      }
    }
    #expect(
      items.withLock { $0.sorted() } == [
        "deleted d/old", "restored a/b/c/four.TXT", "restored a/b/three.txt", "restored a/one.txt",
        "restored a/two.log", "updated d/five.txt",
      ])
    #expect(result.progress.files == 5)
    #expect(try await fixture.fingerprint(fixture.target) == before)
  }

  @Test("who doesn't get the owner back gets no setuid either")
  func owners() async throws {
    guard isRoot else { return }
    let fixture = try Fixture()
    let opened = try await fixture.backedUp("echo x > f; chown 1234:5678 f; chmod 6755 f; echo y > g; chmod 4711 g")
    #expect(try await fixture.restore(opened) { $0.owners = .never }.problems.isEmpty)
    #expect(try await fixture.shell("stat -c '%U %a' target/f target/g") == "root 755\nroot 4711\n")
    #expect(try await fixture.restore(opened).problems.isEmpty)
    #expect(try await fixture.shell("stat -c '%u %a' target/f") == "1234 6755\n")
  }
}
