import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Repair of the index", .serialized)
struct RepairIndexTests {
  private let fixture: ResticFixture

  init() async throws {
    fixture = try await ResticFixture()
    for number in 0..<5 { try fixture.write("file \(number)", seed: UInt64(number), count: 30_000) }
    try await fixture.restic(["backup", fixture.source.path])
    try fixture.write("later", seed: 100, count: 50_000)
    try await fixture.restic(["backup", fixture.source.path])
  }

  @Test("a good index stays as it is, unless all is to be read")
  func good() async throws {
    let before = try fixture.objects("index")
    let result = try await fixture.repository.repairIndex()
    #expect(result.indexFilesReplaced == 0 && result.packsRead == 0)
    #expect(try fixture.objects("index") == before)
    let all = try await fixture.repository.repairIndex(readsAll: true)
    #expect(all.indexFilesReplaced == before.count)
    #expect(all.packsRead == result.packs && all.packs == result.packs)
    #expect(Set(try fixture.objects("index")).isDisjoint(with: before))
    try await fixture.expectClean()
  }

  @Test("a missing, a damaged and a lying index is made anew from the packs")
  func damaged() async throws {
    let objects = try fixture.objects("index")
    let packs = try fixture.objects("data").count
    try fixture.remove(objects[0])
    try fixture.replace(objects[1], Array(try fixture.read(objects[1]).dropLast()))
    let result = try await fixture.repository.repairIndex()
    #expect(result.packs == packs && result.packsRead == packs && result.problems.isEmpty)
    try await fixture.expectClean()

    let id = try #require(FileID(String(try fixture.objects("index")[0].dropFirst(6))))
    var lies = try await fixture.repository.indexFile(id).packs
    lies[0].blobs[0].length += 1
    lies.append((SHA256Digest(of: []), lies[1].blobs))
    _ = try await fixture.repository.saveSealed(.index, IndexFile.encode(lies))
    #expect(try await !fixture.repository.check().isClean)
    let second = try await fixture.repository.repairIndex()
    #expect(second.packsMissing == 1)
    try await fixture.expectClean()
    #expect(try await fixture.repository.check(CheckRequest(data: .all)).isClean)
  }

  // Such packs used to be left out, though with their blobs whole: then nothing told any more where these are.
  @Test("of a pack whose list can't be read, the index keeps what is whole; no damage makes it crash")
  func damagedPack() async throws {
    let pack = try fixture.objects("data")[0]
    let name = try #require(pack.split(separator: "/").last)
    let good = try fixture.read(pack)
    let index = try fixture.objects("index").map { ($0, try fixture.read($0)) }
    func restoreIndex() throws {
      for object in try fixture.objects("index") { try fixture.remove(object) }
      for (object, bytes) in index { try fixture.replace(object, bytes) }
    }
    var generator = SplitMix64(seed: 1)
    var kept = [Array(good.dropLast())]
    for offset in [1, 2, 3, 4, 5, 30, 60] {
      var bad = good
      bad[good.count - offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      kept.append(bad)
    }
    for bytes in kept {
      try restoreIndex()
      try fixture.replace(pack, bytes)
      let result = try await fixture.repository.repairIndex(readsAll: true)
      #expect(result.problems.count == 1 && result.problems[0].contains(name))
      // Nothing is missing, but it says what is wrong.
      let check = try await fixture.repository.check(CheckRequest(data: .all))
      #expect(!check.isClean && check.problems.allSatisfy { $0.contains(name) }, "\(check.problems)")
    }
    let lost: [[UInt8]] = [[], [1], Array(good.prefix(40)), Array(good.dropFirst())]
    for bytes in lost {
      try restoreIndex()
      try fixture.replace(pack, bytes)
      let result = try await fixture.repository.repairIndex(readsAll: true)
      #expect(result.problems.count == 1 && result.problems[0].contains(name))
      let check = try await fixture.repository.check()
      #expect(check.problems.contains { $0.contains("is missing") }, "\(check.problems)")
    }
    try fixture.replace(pack, good)
    #expect(try await fixture.repository.repairIndex(readsAll: true).problems.isEmpty)
    try await fixture.expectClean()
  }

  @Test("a pack that lost its end is made anew by the next prune, out of what is whole in it")
  func mended() async throws {
    let pack = try fixture.objects("data")[0]
    try fixture.replace(pack, Array(try fixture.read(pack).dropLast(3)))
    _ = try await fixture.repository.repairIndex(readsAll: true)
    let result = try await fixture.repository.prune()
    #expect(result.packsRepacked >= 1)
    #expect(try !fixture.objects("data").contains(pack))
    try await fixture.expectClean()
  }

  @Test("of a pack whose blobs several index files list, each a part, all that are whole stay")
  func partialListings() async throws {
    let listed = try await fixture.listedPacks()
    let pack = try #require(listed.first { $0.blobs.count >= 3 && $0.blobs[0].type == .data })
    let blobs = pack.blobs.sorted { $0.offset < $1.offset }
    for object in try fixture.objects("index") { try fixture.remove(object) }
    let others = listed.filter { $0.id != pack.id }
    _ = try await fixture.repository.saveSealed(.index, IndexFile.encode(others + [(pack.id, Array(blobs[..<1]))]))
    _ = try await fixture.repository.saveSealed(.index, IndexFile.encode([(pack.id, Array(blobs[1...]))]))
    let object = "data/\(pack.id.hex.prefix(2))/\(pack.id.hex)"
    var bytes = try fixture.read(object)
    bytes[bytes.count - 30] ^= 1
    try fixture.replace(object, bytes)
    let result = try await fixture.repository.repairIndex()
    #expect(result.problems.count == 1 && result.problems[0].contains("keeps \(blobs.count) of \(blobs.count) blobs"))
    let kept = try await fixture.listedPacks().filter { $0.id == pack.id }.flatMap { $0.blobs }
    #expect(kept == blobs)
  }

  @Test("of a pack that lost its end and has a damaged blob, the index keeps the other blobs")
  func damagedBlobs() async throws {
    let listed = try await fixture.listedPacks()
    let pack = try #require(listed.first { $0.blobs.count >= 3 && $0.blobs[0].type == .data })
    let blobs = pack.blobs.sorted { $0.offset < $1.offset }
    let object = "data/\(pack.id.hex.prefix(2))/\(pack.id.hex)"
    var bytes = Array(try fixture.read(object).prefix(Int(blobs[blobs.count - 1].offset) + 50))
    bytes[Int(blobs[0].offset) + 40] ^= 1
    try fixture.replace(object, bytes)
    for _ in 0..<2 {
      let result = try await fixture.repository.repairIndex()
      #expect(result.problems.count == 1 && result.problems[0].contains(pack.id.hex))
      let kept = try await fixture.listedPacks().filter { $0.id == pack.id }.flatMap { $0.blobs }
      #expect(kept == Array(blobs[1..<blobs.count - 1]))
      let problems = try await fixture.repository.check().problems
      #expect(problems.contains { $0.contains(pack.id.hex) })
      let missing = blobs.filter { blob in problems.contains { $0.contains("the blob \(blob.id.hex) of the file") } }
      #expect(missing == [blobs[0], blobs[blobs.count - 1]], "\(problems)")
    }
  }
}
