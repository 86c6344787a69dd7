import Backup
import Cryptography
import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Backups of copies that say what they are of")
struct SourceIdentityTests {
  /// Copies the folder `a` to `b` as a driver does.
  private static let copy = #"""
    rm -rf b; cp -a a b
    (cd a; find . ! -type l) | while read -r name; do
      setfattr -n user.holdfast.source -v "$(stat -c '%i %.9Z' "a/$name" | tr . ' ')" "b/$name"
    done
    """#

  @Test(
    "A change that size and times hide is seen, what is as it was isn't read again, and what says nothing is read",
    arguments: [false, true])
  func hiddenChange(isImage: Bool) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("copies")
    try await shell(
      """
      mkdir -p a/sub; head -c 600000 /dev/urandom >a/large; head -c 1000 /dev/urandom >a/sub/small
      ln a/sub/small a/second; touch -d 2001-02-03 a/large; sleep 2.5
      """, in: place)
    let whole = isImage ? 600_000 : 602_000
    let first = try await backUp(isImage, test, place)
    #expect(first.progress.bytesRead == whole)
    let second = try await backUp(isImage, test, place)
    #expect(second.progress.bytesRead == 0)
    #expect(second.snapshot.snapshot.tree == first.snapshot.snapshot.tree)

    for spoiling in ["setfattr -x user.holdfast.source b/large", "setfattr -n user.holdfast.source -v x b/large"] {
      // Read, and no parent to trust for the next one.
      #expect(try await backUp(isImage, test, place, then: spoiling).progress.bytesRead == 600_000, "\(spoiling)")
      #expect(try await backUp(isImage, test, place).progress.bytesRead == 600_000, "\(spoiling)")
    }
    #expect(try await backUp(isImage, test, place).progress.bytesRead == 0)

    try await shell(
      "printf CHANGED | dd of=a/large bs=1 seek=1000 conv=notrunc status=none; touch -d 2001-02-03 a/large", in: place)
    let third = try await backUp(isImage, test, place)
    #expect(third.progress.bytesRead == 600_000)

    let target = try scratchDirectory("restored")
    try await test.restic("restore", third.snapshot.id.hex, "--target", target.path)
    let restored = isImage ? "/shop/disk" : "/shop/data/large"
    try await shell("cmp a/large '\(target.path)\(restored)'", in: place)
    // What the copy says of its source is nothing that the source has.
    #expect(try await shell("getfattr -R -d -m 'user[.]holdfast' '\(target.path)'", in: place) == "")
    if !isImage {
      try await shell("cd '\(target.path)/shop/data'; [ second -ef sub/small ]", in: place)
      try await shell("cmp a/second '\(target.path)/shop/data/second'", in: place)
    }
    try await test.judge()
  }

  private func backUp(
    _ isImage: Bool, _ test: TestRepository, _ place: URL, then spoiling: String = ""
  ) async throws -> BackupResult {
    try await shell(Self.copy + "\n" + spoiling, in: place)
    var request = BackupRequest(source: isImage ? .image(path: place.path + "/b/large") : .files([place.path + "/b"]))
    request.pathLabel = isImage ? "/shop/disk" : "/shop/data"
    request.hasSourceIdentities = true
    return try await test.backUp(request)
  }
}
