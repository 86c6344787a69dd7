import BlobIndex
import Concurrency
import Cryptography
import Foundation
import ResticFormat
import TestSupport
import Testing

@Suite("Index cache")
struct IndexCacheTests {
  private let folder: URL
  private let pool = BlockingPool(size: 2)
  private let key = Array("a secret".utf8)

  init() throws {
    folder = try scratchDirectory("index-cache")
  }

  private var path: String { folder.path + "/cache" }

  private func id(_ number: Int) -> SHA256Digest { SHA256Digest(of: Array("\(number)".utf8)) }

  /// Index file `file` lists ten packs of ten blobs, which no other file lists.
  private func packs(_ file: Int) -> [(id: PackID, blobs: [PackedBlob])] {
    (0..<10).map { pack in
      let blobs = (0..<10).map { number in
        let blob = file * 100 + pack * 10 + number
        return PackedBlob(
          id: id(blob), type: blob % 7 == 0 ? .tree : .data, offset: UInt32(number * 50), length: 50,
          uncompressedLength: UInt32(blob))
      }
      return (id(-1 - file * 10 - pack), blobs)
    }
  }

  private func build(
    base: IndexCache? = nil, keeping: [Int] = [], _ files: [Int], supersedes: [Int] = [], runLimit: Int = 150
  ) throws {
    var builder = try IndexCacheBuilder(
      path: path, key: key, base: base, keeping: Set(keeping.map { id(1_000_000 + $0) }), runLimit: runLimit)
    for file in files {
      try builder.add(
        file: id(1_000_000 + file), supersedes: supersedes.map { id(1_000_000 + $0) }, packs: packs(file))
    }
    try builder.finish()
  }

  private func open() async throws -> IndexCache {
    try #require(try await IndexCache.open(path, key: key, pool: pool))
  }

  private func check(_ cache: IndexCache, holds files: [Int], lacks others: [Int] = []) {
    let index = BlobIndex(base: cache)
    for file in files {
      for pack in packs(file) {
        for blob in pack.blobs {
          let expected = BlobLocation(
            pack: pack.id, offset: blob.offset, length: 50, uncompressedLength: blob.uncompressedLength)
          #expect(index.location(of: blob.id, blob.type) == expected)
          #expect(!index.contains(blob.id, blob.type == .data ? .tree : .data))
          #expect(!index.claim(blob.id, blob.type))
        }
      }
    }
    for blob in others.flatMap(packs).flatMap(\.blobs) { #expect(!index.contains(blob.id, blob.type)) }
    #expect(Set(index.packs.map(\.id)) == Set(files.flatMap(packs).map(\.id)))
    #expect(cache.count == files.count * 100)
  }

  @Test("what was put in comes out, however many runs it took", arguments: [50, 150, 100_000])
  func roundTrip(runLimit: Int) async throws {
    try build([0, 1, 2, 3, 4], runLimit: runLimit)
    let cache = try await open()
    check(cache, holds: [0, 1, 2, 3, 4], lacks: [5])
    #expect(cache.files == (0..<5).map { id(1_000_000 + $0) })
    let size = packFileSize(packs(1)[0].blobs)
    #expect(BlobIndex(base: cache).packs[10].size == size)
  }

  @Test("an empty cache holds nothing")
  func empty() async throws {
    try build([])
    check(try await open(), holds: [], lacks: [0])
  }

  @Test("a cache grows and forgets index files that are gone")
  func increment() async throws {
    try build([0, 1, 2, 3])
    let first = try await open()
    try build(base: first, keeping: [0, 2, 9], [5, 6])
    let second = try await open()
    check(second, holds: [0, 2, 5, 6], lacks: [1, 3])
    #expect(second.files == [0, 2, 5, 6].map { id(1_000_000 + $0) })
    check(first, holds: [0, 1, 2, 3])
    try build(base: second, keeping: [], [7])
    check(try await open(), holds: [7], lacks: [0, 2, 5, 6])
  }

  @Test("what an index file replaces is ignored, and not read again")
  func supersedes() async throws {
    try build([0, 1, 2])
    try build(base: try await open(), keeping: [0, 1, 2], [3], supersedes: [1])
    let cache = try await open()
    check(cache, holds: [0, 2, 3], lacks: [1])
    #expect(cache.files.contains(id(1_000_001)))
    try build(base: cache, keeping: [0, 1, 2, 3], [4])
    check(try await open(), holds: [0, 2, 3, 4], lacks: [1])
  }

  @Test("a blob in two packs survives when one of them goes")
  func duplicates() async throws {
    let blob = packs(0)[0].blobs
    var builder = try IndexCacheBuilder(path: path, key: key, base: nil, keeping: [])
    try builder.add(file: id(-1), supersedes: [], packs: [(id(-100), blob)])
    try builder.add(file: id(-2), supersedes: [], packs: [(id(-200), blob)])
    try builder.finish()
    let both = try await open()
    #expect(BlobIndex(base: both).location(of: blob[3].id, blob[3].type)?.pack == id(-100))
    // All places, those beside the cache, too.
    let index = BlobIndex(base: both)
    for pack in [-100, -300, -200] { index.add(pack: id(pack), size: 1, blobs: blob) }
    for known in blob {
      #expect(index.locations(of: known.id, known.type).map(\.pack) == [-100, -200, -300].map(id))
      #expect(index.locations(of: known.id, known.type == .data ? .tree : .data).isEmpty)
    }
    var second = try IndexCacheBuilder(path: path, key: key, base: both, keeping: [id(-2)])
    try second.finish()
    #expect(BlobIndex(base: try await open()).location(of: blob[3].id, blob[3].type)?.pack == id(-200))
  }

  @Test("a damaged, cut, lengthened or foreign cache is refused")
  func damage() async throws {
    try build([0, 1, 2])
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    await #expect(throws: IndexCacheError.self) {
      try await IndexCache.open(path, key: Array("another".utf8), pool: pool)
    }
    var generator = SplitMix64(seed: 7)
    // The rest of the header's page has no meaning, but is checked, too.
    let places = Array(0..<100) + (0..<100).map { _ in Int.random(in: 0..<good.count, using: &generator) }
    for place in places {
      var bad = good
      bad[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      try Data(bad).write(to: URL(fileURLWithPath: path))
      await #expect(throws: IndexCacheError.self, "byte \(place)") {
        try await IndexCache.open(path, key: key, pool: pool)
      }
    }
    for length in [0, 1, 100, 4095, 4096, 4097, good.count / 2, good.count - 1] {
      try Data(Array(good[..<length])).write(to: URL(fileURLWithPath: path))
      await #expect(throws: IndexCacheError.self, "length \(length)") {
        try await IndexCache.open(path, key: key, pool: pool)
      }
    }
    try Data(good + [0]).write(to: URL(fileURLWithPath: path))
    await #expect(throws: IndexCacheError.self) { try await IndexCache.open(path, key: key, pool: pool) }
    try Data(good).write(to: URL(fileURLWithPath: path))
    check(try await open(), holds: [0, 1, 2])
  }

  @Test("nothing is left behind, also not by a builder that gave up")
  func leavesNothing() throws {
    try build([0, 1])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["cache"])
    do {
      var builder = try IndexCacheBuilder(path: path + "2", key: key, base: nil, keeping: [], runLimit: 1)
      try builder.add(file: id(0), supersedes: [], packs: packs(0))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["cache"])
  }

  @Test("without a file there is no cache")
  func missing() async throws {
    let cache = try await IndexCache.open(path, key: key, pool: pool)
    #expect(cache == nil)
  }
}
