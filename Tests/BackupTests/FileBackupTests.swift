import Backup
import FileSystem
import Foundation
import Cryptography
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Backups of files, judged by restic")
struct FileBackupTests {
  /// Everything that a file system can hold, and that restic keeps.
  static let oddTree = """
    mkdir -p tree/sub/deep tree/empty tree/many 'tree/html<&>'
    printf 'hello' > tree/a.txt; : > tree/nothing
    printf x > "$(printf 'tree/bad\\xffname')"; printf x > $'tree/new\\nline'; printf x > 'tree/back\\\\slash'
    printf x > 'tree/quote"'; printf x > tree/ünïcode; printf x > $'tree/zero\\u200bwidth'
    head -c 3000000 /dev/urandom > tree/sub/random; head -c 40000 /dev/urandom > tree/sub/deep/small
    yes 'some text that compresses' | head -c 5000000 > tree/sub/text
    head -c 2097152 /dev/zero > tree/zeros; truncate -s 60M tree/sparse; printf end >> tree/sparse
    truncate -s 1000000 tree/hole
    for i in $(seq 300); do printf $i > tree/many/$i; done
    ln -s a.txt tree/link; ln -s "$(printf 'to\\xff')" tree/oddlink; ln tree/a.txt tree/hard; mkfifo tree/fifo
    [ $(id -u) -ne 0 ] || { mknod tree/null c 1 3; mknod tree/disk b 7 99; chown 12345:54321 tree/hard; }
    chmod 4755 tree/sub/text; chmod 1777 tree/empty; chmod 0 tree/nothing
    setfattr -n user.comment -v 'some value' tree/a.txt; setfattr -n user.empty tree/sub
    setfacl -m u:daemon:r tree/sub/random
    touch -d '1965-01-02T03:04:05.000000001Z' tree/zeros; touch -h -d '2001-02-03T04:05:06.7Z' tree/link
    touch -d '2020-01-01T00:00:00Z' tree/many tree/sub/deep
    """

  @Test(
    "What restic restores is what was there, and its own backup on top of ours adds nothing",
    arguments: [TestTools.debianRestic, TestTools.newRestic])
  func roundTrip(tool: TestTools.Tool) async throws {
    guard let restic = tool.pathOrSkip else { return }
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(Self.oddTree, in: place)
    // Before 0.16 restic did not keep what of a link's target isn't UTF-8.
    let version = try await test.restic("version", program: restic).output
    if version.contains("restic 0.14") { try await shell("rm tree/oddlink", in: place) }
    let result = try await test.backUp(BackupRequest(source: .files([place.path + "/tree"])))
    #expect(result.problemCount == 0, "\(result.problems)")
    #expect(!result.isIncomplete)
    try await test.judge(restic)

    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path, program: restic)
    try await expectSame(place.path + "/tree", target.path + place.path + "/tree")

    let again = try await test.restic("backup", "--json", place.path + "/tree", program: restic)
    let summary = try #require(again.output.split(separator: "\n").last)
    #expect(summary.contains(#""files_changed":0,"#), "\(summary)")
    let theirs = try #require(summary.split(separator: #""snapshot_id":""#).last?.prefix { $0 != "\"" })
    let changes = try await test.restic(
      "diff", "--metadata", result.snapshot.id.hex, String(theirs), program: restic
    ).output.split(separator: "\n").filter { $0.contains(place.path + "/") }
    #expect(changes.isEmpty, "\(changes)")
  }

  /// Names, kinds, contents, modes, owners, times, links, attributes and ACLs.
  func expectSame(_ left: String, _ right: String) async throws {
    try await shell("diff -r --no-dereference '\(left)' '\(right)' -x fifo -x null -x disk", in: scratchDirectory())
    let facts = #"""
      find . -printf '%P|%y|%m|%U:%G|%T@|%n|%l|%s\n' | sed -E '/\|d\|/s/\|[0-9]+$//' | LC_ALL=C sort
      getfacl -R -n . 2>/dev/null; getfattr -R -h -d -m - . 2>/dev/null | LC_ALL=C sort
      """#
    let expected = try await shell(facts, in: URL(fileURLWithPath: left))
    let found = try await shell(facts, in: URL(fileURLWithPath: right))
    #expect(expected == found)
  }

  @Test("A second backup reads nothing that has not changed, and has the same tree")
  func unchanged() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(Self.oddTree + "\nsleep 2.5", in: place)
    var request = BackupRequest(source: .files([place.path + "/tree"]))
    // The folders above, which other tests change, are not a part of it then.
    request.pathLabel = "/shop/database"
    let first = try await test.backUp(request)
    let second = try await test.backUp(request)
    #expect(second.progress.bytesRead == 0)
    #expect(second.progress.addedBytes == 0)
    #expect(second.snapshot.snapshot.tree == first.snapshot.snapshot.tree)
    #expect(second.snapshot.snapshot.parent == first.snapshot.id)
    #expect(second.progress.filesNew == 0 && second.progress.bytes == first.progress.bytes)

    try await shell("printf changed >> tree/many/7; rm tree/many/8; printf new > tree/many/new", in: place)
    let third = try await test.backUp(request)
    #expect(third.progress.filesChanged == 1 && third.progress.filesNew == 1)
    #expect(third.progress.bytesRead == 11)
    try await test.judge()
  }
}
