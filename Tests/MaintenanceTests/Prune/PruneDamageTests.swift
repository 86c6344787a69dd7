import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import StoreTestSupport
import Synchronization
import Testing

@Suite("Prune of what is damaged or listed wrongly", .serialized)
struct PruneDamageTests {
  private let fixture: ResticFixture

  init() async throws { fixture = try await ResticFixture() }

  private var repository: Repository { fixture.repository }

  private func backup(_ options: String...) async throws -> StoredSnapshot {
    try await fixture.restic(["backup"] + options + [fixture.source.path])
    return try #require(try await repository.snapshots().last)
  }

  private func prune() async throws -> PruneResult {
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    return try await repository.prune(request)
  }

  private func removeFile(_ name: String) throws {
    try FileManager.default.removeItem(at: fixture.source.appendingPathComponent(name))
  }

  /// A place of a blob.
  private typealias Place = (pack: PackID, blob: PackedBlob)

  /// Makes two packs with a copy each of one blob, and returns the places of the copies.
  /// - Parameter isPartlyUseless: whether a part of the second pack is of no use, so that a prune rewrites it.
  private func makeCopies(of type: BlobType = .data, isPartlyUseless: Bool) async throws -> [Place] {
    try fixture.write("file", seed: 1, count: 400_000)
    try fixture.write("folder/file", seed: 4, count: 10)
    _ = try await backup()
    // The second backup must not see what the first has stored.
    let hidden = try fixture.objects("index").map { ($0, try fixture.read($0)) }
    for (object, _) in hidden { try fixture.remove(object) }
    try fixture.write("other", seed: 2, count: 400_000)
    if isPartlyUseless { try fixture.write("useless", seed: 3, count: 400_000) }
    let second = try await backup("--force")
    for (object, bytes) in hidden { try fixture.replace(object, bytes) }
    if isPartlyUseless {
      try removeFile("useless")
      _ = try await backup()
      try await repository.remove(.snapshot, second.id)
    }
    var places: [BlobID: [Place]] = [:]
    for pack in try await fixture.listedPacks() {
      for blob in pack.blobs where blob.type == type { places[blob.id, default: []].append((pack.id, blob)) }
    }
    return try #require(places.values.first { $0.count == 2 })
  }

  private func object(_ pack: PackID) -> String { "data/\(pack.hex.prefix(2))/\(pack.hex)" }

  private func damage(_ place: Place) throws {
    let object = object(place.pack)
    var bytes = try fixture.read(object)
    bytes[Int(place.blob.offset) + 40] ^= 1
    try fixture.replace(object, bytes)
  }

  @Test("of a blob that lies twice, the copy that is whole stays", arguments: [false, true], [0, 1])
  func damagedCopy(isPartlyUseless: Bool, damaged: Int) async throws {
    let places = try await makeCopies(isPartlyUseless: isPartlyUseless)
    try damage(places[damaged])
    let result = try await prune()
    #expect(result.unusedBytes >= (isPartlyUseless ? 800_000 : 400_000))
    try await fixture.expectClean()
    let check = try await repository.check(CheckRequest(data: .all))
    #expect(check.isClean && check.hints.isEmpty, "\(check.problems) \(check.hints)")
  }

  @Test("the one whole copy stays, though its pack lost its end", arguments: [false, true], [0, 1])
  func shortenedCopy(isPartlyUseless: Bool, damaged: Int) async throws {
    let places = try await makeCopies(isPartlyUseless: isPartlyUseless)
    try damage(places[damaged])
    let shortened = object(places[1 - damaged].pack)
    try fixture.replace(shortened, Array(try fixture.read(shortened).dropLast(3)))
    _ = try await prune()
    try await fixture.expectClean()
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
  }

  @Test("a tree that is damaged in one place and whole in another is no reason to refuse", arguments: [0, 1])
  func damagedTree(damaged: Int) async throws {
    try damage(try await makeCopies(of: .tree, isPartlyUseless: false)[damaged])
    #expect(try await !repository.check(CheckRequest(data: .all)).isClean)
    // Which place comes first is not the same each time.
    var request = PruneRequest()
    request.isDryRun = true
    for _ in 0..<10 { _ = try await repository.prune(request) }
    _ = try await prune()
    try await fixture.expectClean()
    let check = try await repository.check(CheckRequest(data: .all))
    #expect(check.isClean && check.hints.isEmpty, "\(check.problems) \(check.hints)")
  }

  @Test("an index file that can't be read a second time is not passed over")
  func unreadableLater() async throws {
    try fixture.write("a", seed: 1, count: 300_000)
    let old = try await backup()
    let unused = try await fixture.listedPacks()
    let lasting = try #require(try await repository.list(.index).first)
    let replaced = try await repository.saveSealed(.index, IndexFile.encode([]))
    try fixture.write("b", seed: 2, count: 300_000)
    _ = try await backup()
    let text = String(decoding: IndexFile.encode([]), as: UTF8.self)
    let json = "{\"supersedes\":[\"\(replaced.hex)\"]," + text.dropFirst()
    _ = try await repository.saveSealed(.index, Array(json.utf8))
    try await repository.remove(.snapshot, old.id)
    let flaky = try await Repository.open(
      FlakyStore(base: repository.store, spoils: ObjectName(.index, lasting.hex)),
      password: Password(Array(ResticFixture.password.utf8)))
    let error = await #expect(throws: RepositoryError.self) { try await flaky.prune() }
    #expect(error?.kind == .corrupt && error?.message.contains("repair index") == true, "\(String(describing: error))")
    let left = try await fixture.listedPacks().map(\.id)
    for pack in unused {
      #expect(left.contains(pack.id))
      #expect(try fixture.objects().contains(object(pack.id)))
    }
    _ = try await prune()
    try await fixture.expectClean()
  }

  @Test("a pack with a damaged blob that is whole nowhere can't be rewritten, and nothing goes")
  func damagedCopies() async throws {
    for place in try await makeCopies(isPartlyUseless: true) { try damage(place) }
    let before = Set(try fixture.objects("data") + fixture.objects("index"))
    let error = await #expect(throws: RepositoryError.self) { try await prune() }
    #expect(error?.kind == .corrupt && error?.message.contains("can't be rewritten") == true)
    let after = try fixture.objects()
    #expect(before.isSubset(of: after))
  }

  @Test("index files that others replace go before the packs that they list", arguments: [false, true])
  func superseded(listsUnused: Bool) async throws {
    try fixture.write("a", seed: 1, count: 300_000)
    let old = try await backup()
    let unused = try await fixture.listedPacks()
    try removeFile("a")
    try fixture.write("b", seed: 2, count: 300_000)
    _ = try await backup()
    let all = try await fixture.listedPacks()
    let used = all.filter { pack in !unused.contains { $0.id == pack.id } }
    for object in try fixture.objects("index") { try fixture.remove(object) }
    // As old versions of restic left it when they were interrupted.
    let replaced = try await repository.saveSealed(.index, IndexFile.encode(all))
    let text = String(decoding: IndexFile.encode(listsUnused ? all : used), as: UTF8.self)
    let json = "{\"supersedes\":[\"\(replaced.hex)\"]," + text.dropFirst()
    _ = try await repository.saveSealed(.index, Array(json.utf8))
    try await repository.remove(.snapshot, old.id)

    let result = try await prune()
    #expect(listsUnused ? result.packsRemoved == unused.count : result.orphans == unused.count)
    let objects = try fixture.objects()
    #expect(!objects.contains("index/\(replaced.hex)"))
    #expect(!objects.contains { object in unused.contains { object.hasSuffix($0.id.hex) } })
    // Who counted on the replaced file would not store this again.
    try fixture.write("a", seed: 1, count: 300_000)
    _ = try await backup()
    try await fixture.expectClean()
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
  }
}

/// Has one object whole for the first that asks, and damaged for all who come later.
private final class FlakyStore: ForwardingStore {
  let base: any ObjectStore
  private let spoils: ObjectName
  private let reads = Atomic(0)

  init(base: any ObjectStore, spoils: ObjectName) {
    self.base = base
    self.spoils = spoils
  }

  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    var bytes = try await base.get(name, range: range)
    if name == spoils, reads.add(1, ordering: .relaxed).newValue > 1 { bytes[bytes.count / 2] ^= 1 }
    return bytes
  }
}
