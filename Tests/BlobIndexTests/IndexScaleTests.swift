import BlobIndex
import Concurrency
import Cryptography
import Foundation
import ResticFormat
import TestSupport
import Testing

private let blobCount = Int(ProcessInfo.processInfo.environment["HOLDFAST_INDEX_BLOBS"] ?? "") ?? 0

/// What a large index costs. Only with HOLDFAST_INDEX_BLOBS=10000000, and sensible only with `swift test -c release`.
@Suite("A large index", .enabled(if: blobCount > 0))
struct IndexScaleTests {
  /// Blobs of a pack.
  private static let packBlobs = 20

  private func id(_ number: Int) -> SHA256Digest { withUnsafeBytes(of: number) { SHA256Digest(of: $0) } }

  private func packs(from start: Int, _ count: Int) -> [(id: PackID, blobs: [PackedBlob])] {
    (0..<count).map { pack in
      let first = start + pack * Self.packBlobs
      let blobs = (0..<Self.packBlobs).map {
        PackedBlob(
          id: id(first + $0), type: .data, offset: UInt32($0) * 1000, length: 1000, uncompressedLength: 0)
      }
      return (id(-1 - first), blobs)
    }
  }

  private func measure<Result>(_ what: String, _ body: () async throws -> Result) async rethrows -> Result {
    let start = ContinuousClock.now
    let result = try await body()
    print("\(what): \(ContinuousClock.now - start)")
    return result
  }

  @Test("it opens in a second, and finds a blob in two microseconds")
  func scale() async throws {
    let path = try scratchDirectory("index-scale").path + "/cache"
    let pool = BlockingPool(size: 4)
    let key = Array("key".utf8)
    try await measure("building a cache of \(blobCount) blobs") {
      var builder = try IndexCacheBuilder(path: path, key: key, base: nil, keeping: [])
      for (number, start) in stride(from: 0, to: blobCount, by: 50_000).enumerated() {
        try builder.add(
          file: id(.min + number), supersedes: [], packs: packs(from: start, 50_000 / Self.packBlobs))
      }
      try builder.finish()
    }
    let cache = try #require(
      try await measure("opening it") { try await IndexCache.open(path, key: key, pool: pool) })
    let index = BlobIndex(base: cache)
    var generator = SplitMix64(seed: 1)
    let wanted = (0..<1_000_000).map { _ in id(Int.random(in: 0..<blobCount, using: &generator)) }
    let found = await measure("looking a million blobs up") { wanted.count { index.location(of: $0, .data) != nil } }
    #expect(found == wanted.count)
    let more = packs(from: blobCount + 50_000, 1_000_000 / Self.packBlobs)
    await measure("adding a million more") { for pack in more { index.add(pack: pack.id, size: 1, blobs: pack.blobs) } }
    #expect(index.count >= blobCount + 1_000_000)
  }
}
