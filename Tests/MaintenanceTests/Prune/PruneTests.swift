import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@Suite("Prune", .serialized)
struct PruneTests {
  private let fixture: ResticFixture

  init() async throws { fixture = try await ResticFixture() }

  private var repository: Repository { fixture.repository }

  /// Backs up with restic, and returns the snapshot.
  private func backup() async throws -> StoredSnapshot {
    try await fixture.restic(["backup", fixture.source.path])
    return try #require(try await repository.snapshots().last)
  }

  private func packs() throws -> Set<String> { Set(try fixture.objects("data")) }

  private func prune(
    _ limit: PruneRequest.UnusedLimit = .bytes(0), dryRun: Bool = false, allowsNoSnapshots: Bool = false,
    progress: @escaping @Sendable (MaintenanceProgress) -> Void = { _ in }
  ) async throws -> PruneResult {
    var request = PruneRequest()
    request.allowsNoSnapshots = allowsNoSnapshots
    request.maxUnused = limit
    request.isDryRun = dryRun
    return try await repository.prune(request, progress: progress)
  }

  /// What restic restores of a snapshot is what the source's copy in `expected` is.
  private func expectRestores(_ snapshot: StoredSnapshot, _ expected: URL) async throws {
    let target = fixture.folder.appendingPathComponent("restored-\(UUID().uuidString)")
    try await fixture.restic(["restore", snapshot.id.hex, "--target", target.path])
    let restored = target.path + fixture.source.path
    let difference = try await runProgram("diff", ["-r", expected.path, restored])
    #expect(difference.exitCode == 0, "\(difference.output)")
  }

  private func copySource() throws -> URL {
    let copy = fixture.folder.appendingPathComponent("copy-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: fixture.source, to: copy)
    return copy
  }

  @Test("what a removed snapshot alone relied on goes; restic finds the rest whole")
  func removesUnused() async throws {
    for number in 0..<30 { try fixture.write("file \(number)", seed: UInt64(number), count: 300_000) }
    let old = try await backup()
    for number in 0..<15 { try fixture.write("file \(number)", seed: UInt64(1000 + number), count: 300_000) }
    let kept = try await backup()
    let expected = try copySource()
    try await repository.remove(.snapshot, old.id)
    let before = try fixture.objects("data").reduce(0) { $0 + (try fixture.read($1).count) }

    let plan = try await prune(dryRun: true)
    #expect(try await repository.snapshots().count == 1)
    let board = MaintenanceBoard()
    let copied = Mutex<MaintenanceProgress?>(nil)
    let result = try await prune { state in
      board.note(state)
      copied.withLock { if state.stage == .copying { $0 = board.latest } }
    }
    let count = copied.withLock { $0 }
    #expect(count?.done == result.packsRepacked && count?.bytes == result.bytesCopied && result.bytesCopied > 0)
    #expect(count?.totalBytes == result.bytesCopied && board.latest?.stage == .removing)
    #expect(result.usedBlobs == plan.usedBlobs && result.bytesFreed == plan.bytesFreed)
    #expect(result.unusedBlobs >= 15 && result.unusedBytesLeft == 0)
    let after = try fixture.objects("data").reduce(0) { $0 + (try fixture.read($1).count) }
    #expect(before - after > 15 * 300_000)
    #expect(result.bytesFreed > 15 * 300_000)
    try await fixture.expectClean()
    try await expectRestores(kept, expected)
    #expect(try await repository.check(CheckRequest(data: .all)).hints.isEmpty)
    let again = try await prune()
    #expect(again.unusedBlobs == 0 && again.packsRepacked == 0 && again.packsRemoved == 0)
    #expect(again.indexFilesReplaced == 0)
    // restic has nothing left to prune, and goes on with our packs.
    #expect(try await fixture.restic(["prune", "--max-unused", "0"]).contains("to delete:             0 blobs"))
    _ = try await backup()
    try await fixture.expectClean()
  }

  @Test("with nothing left, everything goes, if that is what was asked for")
  func removesAll() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    try await repository.remove(.snapshot, backup().id)
    let before = try fixture.objects()
    for dryRun in [true, false] {
      let error = await #expect(throws: RepositoryError.self) { try await prune(dryRun: dryRun) }
      #expect(error?.kind == .notFound && error?.message.contains("--allow-empty") == true)
    }
    #expect(try fixture.objects() == before)
    let result = try await prune(.percent(5), allowsNoSnapshots: true)
    #expect(result.usedBlobs == 0)
    #expect(try packs().isEmpty)
    #expect(try fixture.objects("index").isEmpty)
    try await fixture.expectClean()
  }

  @Test("nothing goes when a snapshot that is listed cannot be had")
  func hiddenSnapshot() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    let hidden = try await backup()
    try fixture.write("file", seed: 2, count: 100_000)
    _ = try await backup()
    let before = try fixture.objects()
    let blind = try await Repository.open(
      HidingStore(base: repository.store, hidden: ObjectName(.snapshot, hidden.id.hex)),
      password: Password(Array(ResticFixture.password.utf8)))
    let error = await #expect(throws: RepositoryError.self) { try await blind.prune() }
    #expect(error?.kind == .notFound && error?.message.contains(hidden.id.shortHex) == true)
    #expect(try fixture.objects() == before)
  }

  @Test("no pack goes while an index file that was removed is still listed")
  func undeadIndex() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    let old = try await backup()
    try fixture.write("file", seed: 2, count: 100_000)
    _ = try await backup()
    try await repository.remove(.snapshot, old.id)
    let before = try packs()
    let deaf = try await Repository.open(
      HidingStore(base: repository.store, ignoresRemovals: .index),
      password: Password(Array(ResticFixture.password.utf8)))
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    let error = await #expect(throws: RepositoryError.self) { try await deaf.prune(request) }
    #expect(error?.kind == .store(.failed) && error?.message.contains("still lists the index file") == true)
    #expect(try packs().isSuperset(of: before))
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
    _ = try await prune()
    #expect(try !packs().isSuperset(of: before))
    try await fixture.expectClean()
  }

  @Test("a prune whose lock somebody removed removes nothing")
  func removedLock() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    let old = try await backup()
    try fixture.write("file", seed: 2, count: 100_000)
    _ = try await backup()
    try await repository.remove(.snapshot, old.id)
    let before = try fixture.objects()
    let error = await #expect(throws: RepositoryError.self) {
      try await repository.withLock(exclusive: true) { lock in
        for id in try await repository.list(.lock) { try await repository.remove(.lock, id) }
        _ = try await repository.prune(mayWrite: lock.checkHeld, verify: lock.verify)
      }
    }
    #expect(error?.kind == .lockLost)
    #expect(try fixture.objects() == before)
  }

  @Test("a prune whose lock is lost while it copies lists none of its new packs")
  func lostWhileCopying() async throws {
    for number in 0..<8 { try fixture.write("file \(number)", seed: UInt64(number), count: 100_000) }
    let old = try await backup()
    try fixture.write("file 0", seed: 100, count: 100_000)
    _ = try await backup()
    try await repository.remove(.snapshot, old.id)
    let before = try fixture.objects("index")
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    let strict = request
    let count = Steps()
    let error = await #expect(throws: RepositoryError.self) {
      // The first time before anything is removed.
      _ = try await repository.prune(
        strict, verify: { if count.next() > 1 { throw RepositoryError(.lockLost, "lost meanwhile") } })
    }
    #expect(error?.kind == .lockLost)
    #expect(try fixture.objects("index") == before)
    _ = try await prune()
    try await fixture.expectClean()
  }

  @Test("a little that is of no use may stay")
  func unusedLimit() async throws {
    // 20 MB each: large enough not to be put together for being small.
    for number in 0..<40 { try fixture.write("file \(number)", seed: UInt64(number), count: 500_000) }
    let old = try await backup()
    try FileManager.default.removeItem(at: fixture.source.appendingPathComponent("file 0"))
    _ = try await backup()
    try await repository.remove(.snapshot, old.id)
    let packsBefore = try fixture.objects("data").count
    let lazy = try await prune(.percent(20))
    #expect(lazy.unusedBytesLeft >= 500_000)
    #expect(try fixture.objects("data").count <= packsBefore)
    try await fixture.expectClean()
    #expect(try await prune(.unlimited).packsRepacked <= 1)
    let strict = try await prune(.bytes(0))
    #expect(strict.unusedBytesLeft == 0 && strict.bytesFreed >= 500_000)
    try await fixture.expectClean()
  }

  @Test("packs that no index lists, and journals, go")
  func orphans() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    _ = try await backup()
    let bytes = [UInt8](repeating: 7, count: 1234)
    let name = SHA256Digest(of: bytes).hex
    try await repository.store.put(ObjectName(.pack, name), bytes)
    // Of two backups, one of them with two attempts.
    for journal in ["some-1-0", "some-2-0", "other-1-0"] {
      try await repository.store.put(ObjectName(.journal, journal), bytes)
    }
    #expect(try await prune(dryRun: true).unfinishedBackups == 2)
    let result = try await prune()
    #expect(result.orphans == 1 && result.orphanBytes == 1234 && result.unfinishedBackups == 2)
    #expect(try await repository.store.list(.journal).isEmpty)
    #expect(try !packs().contains { $0.hasSuffix(name) })
    try await fixture.expectClean()
  }

  @Test("what was left half-written more than a day ago goes, and nothing in a dry run")
  func halfWritten() async throws {
    try fixture.write("file", seed: 1, count: 100_000)
    _ = try await backup()
    let (old, new) = (try fixture.objects("data")[0] + "-tmp-0", try fixture.objects("index")[0] + "-tmp-1")
    for object in [old, new] { try fixture.replace(object, [1, 2, 3]) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: fixture.path + "/" + old)
    _ = try await prune(dryRun: true)
    #expect(try fixture.objects().contains(old))
    _ = try await prune()
    #expect(try !fixture.objects().contains(old) && fixture.objects().contains(new))
    try await fixture.expectClean()
  }

  @Test("many small packs become one")
  func smallPacks() async throws {
    for number in 0..<12 {
      try fixture.write("file \(number)", seed: UInt64(number), count: 20_000)
      _ = try await backup()
    }
    let before = try packs().count
    let snapshots = try await repository.snapshots()
    let expected = try copySource()
    let result = try await prune(.percent(5))
    #expect(result.packsRepacked >= 12)
    #expect(try packs().count <= before - 20)
    try await fixture.expectClean()
    try await expectRestores(try #require(snapshots.last), expected)
  }

  @Test("of a blob that lies twice, one copy stays")
  func copies() async throws {
    try fixture.write("file", seed: 1, count: 400_000)
    _ = try await backup()
    // A second repository's writer would not have seen the first's index: hide it.
    let index = try fixture.objects("index")
    let hidden = try index.map { ($0, try fixture.read($0)) }
    for (object, _) in hidden { try fixture.remove(object) }
    try fixture.write("other", seed: 2, count: 400_000)
    try await fixture.restic(["backup", "--force", fixture.source.path])
    for (object, bytes) in hidden { try fixture.replace(object, bytes) }
    #expect(try await repository.check().hints.contains { $0.contains("more than once") })
    let result = try await prune()
    #expect(result.unusedBytes >= 400_000)
    #expect(try await repository.check(CheckRequest(data: .all)).hints.isEmpty)
    try await fixture.expectClean()
  }

  @Test("a pack that two index files list stays, in one of them")
  func listedTwice() async throws {
    try fixture.write("file", seed: 1, count: 200_000)
    _ = try await backup()
    let id = try #require(FileID(String(try fixture.objects("index")[0].dropFirst(6))))
    _ = try await repository.saveSealed(.index, IndexFile.encode(try await repository.indexFile(id).packs))
    #expect(try await repository.check().hints.count == 1)
    let result = try await prune(.percent(5))
    #expect(result.packsRepacked == 0 && result.packsRemoved == 0 && result.indexFilesReplaced == 2)
    #expect(try await repository.check(CheckRequest(data: .all)).hints.isEmpty)
    try await fixture.expectClean()
  }

  @Test("nothing goes while something that is relied on is missing or damaged")
  func refuses() async throws {
    try fixture.write("a", seed: 1, count: 300_000)
    let old = try await backup()
    try fixture.write("a", seed: 2, count: 300_000)
    _ = try await backup()
    try await repository.remove(.snapshot, old.id)
    let objects = try fixture.objects().filter { $0.hasPrefix("data") || $0.hasPrefix("index") }
    var refusals = 0
    for object in objects {
      let good = try fixture.read(object)
      let bad: [[UInt8]?] = [nil, Array(good.dropLast()), [good[0] ^ 1] + good.dropFirst()]
      for bytes in bad {
        if let bytes { try fixture.replace(object, bytes) } else { try fixture.remove(object) }
        let before = Set(try fixture.objects())
        do {
          _ = try await prune(dryRun: true)
        } catch {
          refusals += 1
          #expect((error as? RepositoryError)?.kind == .corrupt, "\(error)")
          await #expect(throws: RepositoryError.self) { try await prune() }
          #expect(Set(try fixture.objects()) == before)
        }
        try fixture.replace(object, good)
      }
    }
    #expect(refusals >= 6)
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
  }

  @Test("stopped before any of its writes, it leaves a whole repository, and the next one completes")
  func interrupted() async throws {
    for number in 0..<8 { try fixture.write("file \(number)", seed: UInt64(number), count: 100_000) }
    let old = try await backup()
    for number in 0..<4 { try fixture.write("file \(number)", seed: UInt64(100 + number), count: 100_000) }
    let kept = try await backup()
    let expected = try copySource()
    try await repository.remove(.snapshot, old.id)
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    for step in 1..<100 {
      let count = Steps()
      do {
        _ = try await repository.prune(
          request,
          mayWrite: { () throws(RepositoryError) in
            if count.next() >= step { throw RepositoryError(.lockLost, "stop here") }
          })
        // Before the copied pack, before its index, and once more so after removing what the stop before had left. How many
        // there are after that depends on which removals were under way at a stop.
        #expect(step > 3)
        break
      } catch let error as RepositoryError where error.kind == .lockLost {
        let result = try await repository.check(CheckRequest(data: .all))
        #expect(result.isClean, "stopped at step \(step): \(result.problems)")
      }
    }
    try await fixture.expectClean()
    try await expectRestores(kept, expected)
    #expect(try await repository.check(CheckRequest(data: .all)).hints.isEmpty)
  }
}

/// Says of one object that it isn't there, but lists it, or of a kind that its objects are removed: as a proxy does that loses sight
/// of its server for a moment.
private struct HidingStore: ForwardingStore {
  let base: any ObjectStore
  var hidden: ObjectName?
  var ignoresRemovals: ObjectKind?

  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    guard name != hidden else { throw StoreError(.notFound, name.name, "there is no such object") }
    return try await base.get(name, range: range)
  }
  func remove(_ name: ObjectName) async throws(StoreError) {
    if name.kind != ignoresRemovals { try await base.remove(name) }
  }
}

/// Counts from 1.
private final class Steps: @unchecked Sendable {
  // Unchecked: guarded by the lock.
  private let lock = NSLock()
  private var count = 0

  func next() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }
}
