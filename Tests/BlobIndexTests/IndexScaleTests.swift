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

  private func measure<Result>(
    _ what: String, below limit: Duration, _ body: () async throws -> Result
  ) async rethrows -> Result {
    let start = ContinuousClock.now
    let result = try await body()
    let duration = ContinuousClock.now - start
    print("\(what): \(duration)")
    #expect(duration < limit, "\(what)")
    return result
  }

  /// The memory of this process that no file has, in bytes.
  private func anonymousMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
    return 1024 * (try #require(line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first))
  }

  @Test("it opens in a second, finds a blob in two microseconds, and takes 60 bytes for each that is added")
  func scale() async throws {
    let path = try scratchDirectory("index-scale").path + "/cache"
    let pool = BlockingPool(size: 4)
    let key = Array("key".utf8)
    try await measure("building a cache of \(blobCount) blobs", below: .seconds(600)) {
      var builder = try IndexCacheBuilder(path: path, key: key, base: nil, keeping: [])
      for (number, start) in stride(from: 0, to: blobCount, by: 50_000).enumerated() {
        try builder.add(
          file: id(.min + number), supersedes: [], packs: packs(from: start, 50_000 / Self.packBlobs))
      }
      try builder.finish()
    }
    let cache = try #require(
      try await measure("opening it", below: .seconds(1)) {
        try await IndexCache.open(path, key: key, pool: pool)
      })
    let index = BlobIndex(base: cache)
    var generator = SplitMix64(seed: 1)
    let wanted = (0..<1_000_000).map { _ in id(Int.random(in: 0..<blobCount, using: &generator)) }
    let found = await measure("looking a million blobs up", below: .seconds(2)) {
      wanted.count { index.location(of: $0, .data) != nil }
    }
    #expect(found == wanted.count)
    let more = packs(from: blobCount + 50_000, 1_000_000 / Self.packBlobs)
    let before = try anonymousMemory()
    await measure("adding a million more", below: .seconds(10)) {
      for pack in more { index.add(pack: pack.id, size: 1, blobs: pack.blobs) }
    }
    let added = try anonymousMemory() - before
    print("memory for them: \(added / 1_000_000) bytes each")
    #expect(added < 60_000_000)
    #expect(index.count >= blobCount + 1_000_000)
  }
}
