import Backup
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Backups that go on from where an earlier attempt ended")
struct ResumeTests {
  /// 1,000 small files, 20 of 2 MB and one of 150 MB: 190 MB that don't compress.
  static let source = """
    mkdir -p a/small a/medium
    head -c 20000000 /dev/urandom | split -b 20000 -a 4 - a/small/
    head -c 40000000 /dev/urandom | split -b 2000000 - a/medium/
    head -c 150000000 /dev/urandom > a/large
    sleep 2.5
    """

  @Test("Finished files are neither read nor stored again", arguments: [false, true])
  func resumes(image: Bool) async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(Self.source, in: place)
    var request = BackupRequest(
      source: image ? .image(path: place.path + "/a/large") : .files([place.path + "/a"]))
    request.writing.packSize = 4 << 20
    // How much is lost grows with what is in work at once.
    request.workers = 2
    let total = image ? 150_000_000 : 210_000_000

    let first = BackupProgress()
    var slow = request
    slow.readLimit = 20_000_000
    let interrupted = slow
    let attempt = Task { try await test.backUp(interrupted, progress: first) }
    try await eventually(within: .seconds(300), "half of it") { first.state.bytesRead >= total / 2 }
    attempt.cancel()
    await #expect(throws: CancellationError.self) { try await attempt.value }
    #expect(try await test.repository.store.list(.journal).count > 0)

    let before = first.state.bytesRead
    let result = try await test.backUp(request)
    let state = result.progress
    #expect(state.bytes == total)
    // What was in open packs, and the segments that were not finished, is lost.
    let lost = before + state.bytesRead - total
    let bound = (image ? 64 : 96) << 20
    #expect(lost < bound, "\(lost) bytes were read twice")
    #expect(state.bytesRead < total - 20_000_000, "\(state.bytesRead) bytes")
    #expect(try await test.repository.store.list(.journal).isEmpty)
    try await test.judge()
    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path)
    try await shell(
      "diff -r \(image ? "a/large" : "a") \(target.path)\(place.path)/\(image ? "a/large" : "a")", in: place)
  }

  @Test("A file that changed since is read again")
  func changed() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell("mkdir a; for i in 1 2 3 4 5 6; do head -c 6000000 /dev/urandom > a/$i; done; sleep 2.5", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    request.writing.packSize = 4 << 20
    request.writing.openPacks = 1
    request.writing.uploads = 1
    request.workers = 1
    var slow = request
    slow.readLimit = 12_000_000
    let interrupted = slow
    let first = BackupProgress()
    let attempt = Task { try await test.backUp(interrupted, progress: first) }
    // Three files are stored then; what was only read, a slow disk may not have yet.
    try await eventually(within: .seconds(300), "three files") { first.state.uploadedBytes >= 19_000_000 }
    attempt.cancel()
    _ = await attempt.result
    try await shell("printf changed | dd of=a/1 conv=notrunc status=none", in: place)
    let result = try await test.backUp(request)
    // The changed file at least; how far the first attempt got before it heard of its end is the machine's business.
    #expect(result.progress.bytesRead < 30_000_000 && result.progress.bytesRead >= 6_000_000)
    let target = try scratchDirectory("restored")
    try await test.restic("restore", result.snapshot.id.hex, "--target", target.path)
    try await shell("diff -r a \(target.path)\(place.path)/a", in: place)
  }
}
