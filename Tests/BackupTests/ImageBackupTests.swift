import Backup
import Cryptography
import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Backups of images and streams, judged by restic")
struct ImageBackupTests {
  /// 150 MB: random, text, zeros, a hole, and an odd end.
  static let image = """
    { head -c 40000000 /dev/urandom; yes 'text of an image' | head -c 50000000; head -c 30000000 /dev/zero; } > image
    truncate -s 140000000 image; head -c 9999999 /dev/urandom >> image
    """

  @Test("An image comes back as it was, hole included; a change costs the blocks that it touches")
  func changedBlocks() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("image")
    try await shell(Self.image + "\nsleep 2.5", in: place)
    var request = BackupRequest(source: .image(path: place.path + "/image"))
    request.pathLabel = "/shop/disk"
    let first = try await test.backUp(request)
    #expect(first.progress.bytes == 149_999_999)
    #expect(first.progress.bytesRead < 131_000_000, "holes are not read")
    try await expectRestored(first, test, place)

    let idle = try await test.backUp(request)
    #expect(idle.progress.bytesRead == 0 && idle.snapshot.snapshot.tree == first.snapshot.snapshot.tree)

    // Three places: two in one block, one across the border of two.
    try await shell(
      """
      for place in 1000 9000 262140 ; do printf CHANGED | dd of=image bs=1 seek=$place conv=notrunc status=none; done
      """, in: place)
    let all = try await test.backUp(request)
    #expect(all.progress.bytesRead > 100_000_000)
    #expect(all.progress.addedBytes < 700_000, "two blocks and the trees")

    try await shell("printf LATER | dd of=image bs=1 seek=50000000 conv=notrunc status=none", in: place)
    request.changedRanges = [50_000_000..<50_000_005]
    let listed = try await test.backUp(request)
    #expect(listed.progress.bytesRead == 512 << 10)
    #expect(listed.progress.addedBytes < 300_000)
    try await expectRestored(listed, test, place)
    try await test.judge()
  }

  @Test("Zeros of an image that would be too many blobs of the usual length are one blob for a block")
  func manyZeros() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("image")
    try await shell(
      """
      head -c 10000000 /dev/urandom > image; head -c 50000000 /dev/zero >> image; truncate -s 500000000 image
      head -c 3333333 /dev/urandom >> image
      """, in: place)
    var request = BackupRequest(source: .image(path: place.path + "/image"))
    request.pathLabel = "/shop/disk"
    request.blockSize = 8 << 20
    let usual = try await test.backUp(request)
    #expect(try await blobs(usual, test) > 900)
    // From the parent everything comes as it was, though it is cut otherwise.
    request.listingLimit = 100_000
    request.changedRanges = []
    #expect(try await test.backUp(request).snapshot.snapshot.tree == usual.snapshot.snapshot.tree)
    request.changedRanges = nil
    request.parent = .none
    let few = try await test.backUp(request)
    #expect(try await blobs(few, test) <= 503_333_333 / (8 << 20) + 1)
    #expect(few.progress.bytes == 503_333_333)
    try await expectRestored(few, test, place)
    request.parent = .newest
    request.changedRanges = []
    #expect(try await test.backUp(request).snapshot.snapshot.tree == few.snapshot.snapshot.tree)
    try await test.judge()
  }

  /// How many blobs `/shop/disk` has.
  private func blobs(_ result: BackupResult, _ test: TestRepository) async throws -> Int {
    let root = try await test.restic("cat", "blob", result.snapshot.snapshot.tree.hex).output
    let shop = try #require(root.firstMatch(of: /"subtree":"([0-9a-f]{64})"/)).output.1
    return try await test.restic("cat", "blob", String(shop)).output.matches(of: /[0-9a-f]{64}/).count
  }

  private func expectRestored(_ result: BackupResult, _ test: TestRepository, _ place: URL) async throws {
    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path)
    try await shell("cmp '\(place.path)/image' '\(target.path)/shop/disk'", in: place)
  }

  @Test("A block device is kept as a file", .enabled(if: getuid() == 0, "needs root for a loop device"))
  func device() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("device")
    try await shell("head -c 3145728 /dev/urandom > image; truncate -s 16M image", in: place)
    let device = try await shell("losetup --find --show --read-only image", in: place)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    defer { _ = Task { try await runProgram("losetup", ["--detach", device]) } }
    let result = try await test.backUp(BackupRequest(source: .image(path: device)))
    let dump = try await shell(
      "restic -r '\(test.folder.path)' --no-cache dump \(result.snapshot.id.hex) \(device) | sha256sum; sha256sum < image",
      in: place, environment: ["RESTIC_PASSWORD": TestRepository.password])
    #expect(Set(dump.split(separator: "\n")).count == 1, "\(dump)")
  }

  @Test("A stream is kept as a file of its name")
  func stream() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("stream")
    try await shell("seq 3000000 > dump; head -c 9000000 /dev/urandom >> dump", in: place)
    let descriptor = open(place.path + "/dump", O_RDONLY)
    defer { close(descriptor) }
    let result = try await test.backUp(BackupRequest(source: .stream(descriptor: descriptor, name: "sql/dump")))
    #expect(result.snapshot.snapshot.paths == ["/sql/dump"])
    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path)
    try await shell("cmp dump '\(target.path)/sql/dump'", in: place)
    try await test.judge()
  }

  @Test("What is no image is refused, and nothing is left behind")
  func refusals() async throws {
    let test = try await TestRepository()
    await #expect(throws: BackupProblem.self) {
      try await test.backUp(BackupRequest(source: .image(path: "/dev/null")))
    }
    await #expect(throws: BackupProblem.self) { try await test.backUp(BackupRequest(source: .image(path: "/no/such"))) }
    await #expect(throws: BackupProblem.self) { try await test.backUp(BackupRequest(source: .files([]))) }
    #expect(try await test.repository.snapshots().isEmpty)
    #expect(try await test.repository.locks().isEmpty)
  }
}
