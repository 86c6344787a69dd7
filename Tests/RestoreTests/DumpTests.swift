import Foundation
import Restore
import Synchronization
import TestSupport
import Testing

@Suite("Listings and dumps")
struct DumpTests {
  private func names(_ path: String) -> [[UInt8]] { path.split(separator: "/").map { Array($0.utf8) } }

  @Test("a folder as an archive has everything")
  func archive() async throws {
    let fixture = try Fixture()
    let long = String(repeating: "long/", count: 60)
    let opened = try await fixture.backedUp(
      everything + "\nmkdir -p \(long); echo deep > \(long)/\(String(repeating: "n", count: 200))")
    let file = fixture.folder.path + "/all.tar"
    #expect(FileManager.default.createFile(atPath: file, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: file))
    let result = try await opened.repository.dump(opened.tree, path: [], index: opened.index, to: handle.fileDescriptor)
    #expect(result.problems.isEmpty && !result.isIncomplete)
    try await fixture.shell("mkdir target; tar -x --xattrs --xattrs-include='*' -p -C target -f all.tar")
    try await fixture.expectEqual()
    // A folder keeps its path in the snapshot.
    let part = fixture.folder.path + "/part.tar"
    #expect(FileManager.default.createFile(atPath: part, contents: nil))
    let partHandle = try #require(FileHandle(forWritingAtPath: part))
    _ = try await opened.repository.dump(
      opened.tree, path: names("dir/inner"), index: opened.index, to: partHandle.fileDescriptor)
    #expect(try await fixture.shell("tar tf part.tar | head -2") == "dir/inner/\ndir/inner/1\n")
  }

  @Test("one file, in order, whatever its size")
  func file() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    for path in ["big", "sparse", "dir/nothing", "dir/inner/7"] {
      let output = fixture.folder.path + "/out"
      #expect(FileManager.default.createFile(atPath: output, contents: nil))
      let handle = try #require(FileHandle(forWritingAtPath: output))
      _ = try await opened.repository.dump(
        opened.tree, path: names(path), index: opened.index, to: handle.fileDescriptor)
      try await fixture.shell("cmp out source/\(path)")
    }
    await #expect(throws: RestoreError.self) {
      _ = try await opened.repository.dump(opened.tree, path: names("pipe"), index: opened.index, to: 1)
    }
  }

  @Test("the listings are restic's")
  func listings() async throws {
    let fixture = try Fixture()
    let opened = try await fixture.backedUp(everything)
    guard let restic = TestTools.newRestic.pathOrSkip else { return }
    func theirs(_ arguments: String...) async throws -> [String] {
      let environment = [
        "RESTIC_REPOSITORY": fixture.repositoryPath, "RESTIC_PASSWORD": Fixture.password, "HOME": fixture.folder.path,
      ]
      return try await runProgram(restic, ["ls", "latest"] + arguments, environment: environment).output
        .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("snapshot") && !$0.contains("\"snapshot\"") }
    }
    func ours(_ folders: [String], recursive: Bool, _ line: (ListedNode) -> String) async throws -> [String] {
      var lines: [String] = []
      let problems = try await opened.repository.listNodes(
        opened.tree, index: opened.index, folders: folders.map(names), recursive: recursive
      ) { lines += line($0).split(separator: "\n").map(String.init) }
      #expect(problems.isEmpty)
      return lines
    }
    func long(_ node: ListedNode) -> String { String(decoding: node.longLine, as: UTF8.self) }
    #expect(try await ours([], recursive: true, long) == theirs("-l"))
    // Go writes what isn't UTF-8 as an escape.
    let json = try await theirs("--json").map { $0.replacingOccurrences(of: "\\ufffd", with: "\u{fffd}") }
    for (ours, theirs) in zip(try await ours([], recursive: true) { $0.json }, json) { #expect(ours == theirs) }
    #expect(try await ours(["/dir"], recursive: false, long) == theirs("-l", "/dir"))
    #expect(try await ours(["/dir"], recursive: true, long) == theirs("-l", "--recursive", "/dir"))
    await #expect(throws: RestoreError.self) { _ = try await ours(["/none"], recursive: false, long) }
  }
}
