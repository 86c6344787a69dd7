import Cryptography
import Foundation
import ResticFormat
import Restore
import TestSupport
import Testing

@Suite("Hostile snapshots and targets")
struct HostileTests {
  @Test("names that would lead out are passed over; the rest is restored")
  func names() async throws {
    let made = try await HandMade()
    let blob = try await made.data("evil")
    let inner = try await made.tree([made.file("f", [blob])])
    let bad = ["..", ".", "", "a/b", "/abs", "../up", "nul\0x", String(repeating: "n", count: 300)]
    var nodes = [made.file("good", [blob])]
    nodes += bad.map { made.file($0, [blob]) }
    nodes += ["..", ".", "", "c/d", "../x"].map { made.folder($0, inner) }
    nodes += ["..", "../s", ""].map { made.symlink($0, "/etc") }
    let result = try await made.restore(try await made.tree(nodes))
    #expect(result.isIncomplete)
    #expect(result.problemCounts == [.name: bad.count - 1 + 8, .writing: 1])
    #expect(try made.names(made.fixture.target) == ["good"])
    #expect(try made.names(made.fixture.folder) == ["repository", "target"])
    #expect(result.problems.first?.message.contains("'..' is no name that a file can have") == true)
  }

  @Test("a link restored first leads nowhere: a second entry of its name is passed over")
  func linkThenFolder() async throws {
    let made = try await HandMade()
    let outside = try scratchDirectory()
    let blob = try await made.data("evil")
    let inner = try await made.tree([made.file("f", [blob])])
    let orders = [
      [made.symlink("x", outside.path), made.folder("x", inner), made.file("x", [blob])],
      [made.folder("x", inner), made.symlink("x", outside.path), made.file("x", [blob])],
      // A name that is passed over lies between them.
      [made.symlink("x", outside.path), made.file("..", [blob]), made.folder("x", inner)],
      // Not next to each other, and not in order.
      [
        made.symlink("x", outside.path), made.file("b", [blob]), made.folder("x", inner), made.file("a", [blob]),
        made.file("x", [blob]),
      ],
    ]
    for nodes in orders {
      let result = try await made.restore(try await made.tree(nodes))
      #expect(result.problemCounts == [.name: 2])
      #expect(try made.names(outside).isEmpty)
      try FileManager.default.removeItem(at: made.fixture.target)
    }
  }

  @Test("links planted in the target are replaced, never followed", arguments: RestoreRequest.Overwrite.allCases)
  func planted(overwrite: RestoreRequest.Overwrite) async throws {
    let made = try await HandMade()
    let outside = try scratchDirectory()
    let target = made.fixture.target.path
    try await made.fixture.shell(
      """
      mkdir target; echo mine > \(outside.path)/f; echo mine > \(outside.path)/h; touch -d @5 \(outside.path)/*
      ln -s \(outside.path) target/dir; ln -s \(outside.path)/f target/file; ln \(outside.path)/h target/twin
      ln -s \(outside.path)/new target/dangling; mkfifo target/pipe; mkdir target/empty; touch -hd @5 target/*
      """)
    let before = try await made.fixture.fingerprint(outside)
    let blob = try await made.data("from the backup")
    let inner = try await made.tree([made.file("f", [blob]), made.file("new", [blob])])
    let tree = try await made.tree([
      made.file("dangling", [blob]), made.folder("dir", inner), made.file("empty", [blob]), made.file("file", [blob]),
      made.file("pipe", [blob]), made.file("twin", [blob]),
    ])
    let result = try await made.restore(tree) { $0.overwrite = overwrite }
    // The second name of the planted file went away, that is all that can be seen outside.
    let after = try await made.fixture.fingerprint(outside)
    func unlinked(_ text: String) -> String { text.replacingOccurrences(of: "|2|", with: "|1|") }
    #expect(unlinked(after) == unlinked(before))
    if overwrite == .never {
      #expect(result.problemCounts == [.obstacle: 1])
      #expect(try await made.fixture.shell("readlink target/dir") == outside.path + "\n")
    } else {
      #expect(result.problems.isEmpty)
      let expected = String(repeating: "from the backup", count: 7)
      #expect(
        try await made.fixture.shell("cd \(target); find . -type f | xargs cat") == expected)
    }
  }

  @Test(
    "a planted second name of a file with the right content and time keeps its other metadata",
    arguments: [false, true])
  func plantedTwin(verifies: Bool) async throws {
    let made = try await HandMade()
    let outside = try scratchDirectory()
    try await made.fixture.shell(
      """
      mkdir target; cd \(outside.path); printf content > f; touch -d '1970-01-01 00:16:40.000000005Z' f; chmod 600 f
      ln f \(made.fixture.target.path)/f
      """)
    let tree = try await made.tree([made.file("f", [try await made.data("content")])])
    let result = try await made.restore(tree) {
      $0.overwrite = .ifChanged
      $0.verifies = verifies
    }
    #expect(result.problems.isEmpty)
    #expect(try await made.fixture.shell("stat -c '%a %h' \(outside.path)/f target/f") == "600 1\n644 1\n")
  }

  @Test("a folder that isn't empty is no place for a file, unless what is surplus may go")
  func folderInTheWay() async throws {
    let made = try await HandMade()
    try await made.fixture.shell("mkdir -p target/x/y; echo mine > target/x/y/z")
    let tree = try await made.tree([made.file("x", [try await made.data("new")])])
    let result = try await made.restore(tree)
    #expect(result.problemCounts == [.obstacle: 1])
    #expect(try await made.fixture.shell("cat target/x/y/z") == "mine\n")
    #expect(try await made.restore(tree) { $0.deletes = true }.problems.isEmpty)
    #expect(try await made.fixture.shell("cat target/x") == "new")
  }

  @Test("a size that is a lie does no harm; content counts")
  func absurdSizes() async throws {
    let made = try await HandMade()
    let blob = try await made.data("content")
    var huge = made.file("huge", [blob])
    huge.size = .max
    var empty = made.file("none", [])
    empty.size = 1 << 62
    let zeros = try await made.data([UInt8](repeating: 0, count: 1 << 20))
    let long = made.file("long", [BlobID](repeating: zeros, count: 5000))
    let result = try await made.restore(try await made.tree([huge, long, empty])) { $0.sparse = true }
    #expect(result.problems.isEmpty)
    #expect(
      try await made.fixture.shell("stat -c '%n %s %b' target/*")
        == "target/huge 7 8\ntarget/long 5242880000 0\ntarget/none 0 0\n")
  }

  @Test("what is missing or damaged is named; all else is restored")
  func missing() async throws {
    let made = try await HandMade()
    let blob = try await made.data("content")
    let nowhere = BlobID(words: (1, 2, 3, 4))
    let nodes = [
      made.file("fine", [blob]), made.file("gone", [blob, nowhere]), made.folder("lost", nowhere),
      made.folder("nil", nil), made.folder("real", try await made.tree([made.file("deeper", [blob])])),
    ]
    let result = try await made.restore(try await made.tree(nodes))
    #expect(result.problemCounts == [.content: 1, .folder: 2])
    #expect(result.isIncomplete)
    #expect(try made.names(made.fixture.target) == ["fine", "real"])
    #expect(result.problems.contains { $0.message.contains(nowhere.hex) && $0.message.contains("gone") })
  }

  @Test("a claim of endless folders ends")
  func endlessFolders() async throws {
    let made = try await HandMade()
    var blobs: [(bytes: [UInt8], type: BlobType)] = []
    var tree = BlobID(of: TreeEncoder.encode([]))
    blobs.append((TreeEncoder.encode([]), .tree))
    for _ in 0..<2200 {
      let bytes = TreeEncoder.encode([made.folder("d", tree)])
      tree = BlobID(of: bytes)
      blobs.append((bytes, .tree))
    }
    _ = try await made.store(blobs)
    let result = try await made.restore(tree) { $0.isDryRun = true }
    #expect(result.problemCounts == [.folder: 1])
    #expect(!FileManager.default.fileExists(atPath: made.fixture.target.path))
  }

  @Test("two files that claim to be one but differ stay two")
  func falseLinks() async throws {
    let made = try await HandMade()
    var nodes: [TreeNode] = []
    for (name, text) in [("a", "one"), ("b", "two"), ("c", "one")] {
      var node = made.file(name, [try await made.data(text)])
      (node.links, node.inode, node.deviceID) = (3, 77, 5)
      nodes.append(node)
    }
    #expect(try await made.restore(try await made.tree(nodes)).problems.isEmpty)
    #expect(try await made.fixture.shell("cat target/a target/b target/c") == "onetwoone")
  }

  @Test("a link's target comes back byte for byte, UTF-8 or not")
  func rawTargets() async throws {
    let made = try await HandMade()
    var link = made.symlink("link", "")
    link.linkTarget = [0x72, 0xff, 0xfe, 0x0a, 0x2f]
    link.modified = .init(seconds: -77, nanoseconds: 1)
    #expect(try await made.restore(try await made.tree([link])).problems.isEmpty)
    #expect(
      try await made.fixture.shell("readlink -n target/link | od -An -tx1; stat -c %Y target/link")
        == " 72 ff fe 0a 2f\n-77\n")
  }

  @Test("archives hold no names that lead out")
  func archive() async throws {
    let made = try await HandMade()
    let blob = try await made.data("evil")
    let tree = try await made.tree([made.file("../out", [blob]), made.file("..", [blob]), made.file("in", [blob])])
    let output = made.fixture.folder.path + "/out.tar"
    #expect(FileManager.default.createFile(atPath: output, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: output))
    let result = try await made.repository.dump(tree, path: [], index: made.index, to: handle.fileDescriptor)
    #expect(result.problemCounts == [.name: 2])
    #expect(try await made.fixture.shell("tar tf out.tar") == "in\n")
  }

  @Test("archives hold each name once, so that nothing is unpacked through a link")
  func archivedTwice() async throws {
    let made = try await HandMade()
    let blob = try await made.data("evil")
    let inner = try await made.tree([made.file("f", [blob])])
    let orders = [
      [made.symlink("x", "/tmp"), made.folder("x", inner), made.file("y", [blob])],
      [made.symlink("x", "/tmp"), made.file("..", [blob]), made.folder("x", inner), made.file("y", [blob])],
      [made.symlink("x", "/tmp"), made.file("y", [blob]), made.folder("x", inner), made.file("y", [blob])],
    ]
    let output = made.fixture.folder.path + "/out.tar"
    for (number, nodes) in orders.enumerated() {
      #expect(FileManager.default.createFile(atPath: output, contents: nil))
      let handle = try #require(FileHandle(forWritingAtPath: output))
      // In the middle of a tree, too.
      let tree = try await made.tree([made.folder("d", try await made.tree(nodes)), made.file("e", [blob])])
      let result = try await made.repository.dump(tree, path: [], index: made.index, to: handle.fileDescriptor)
      #expect(result.problemCounts == [.name: number == 0 ? 1 : 2] && result.isIncomplete)
      #expect(try await made.fixture.shell("tar tf out.tar") == "d/\nd/x\nd/y\ne\n")
    }
  }
}
