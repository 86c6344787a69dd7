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

  @Test("a pack whose list can't be read is named and left out; no damage makes it crash")
  func damagedPack() async throws {
    let pack = try fixture.objects("data")[0]
    let name = try #require(pack.split(separator: "/").last)
    let good = try fixture.read(pack)
    var generator = SplitMix64(seed: 1)
    var cases: [[UInt8]] = [[], [1], Array(good.prefix(40)), Array(good.dropLast()), Array(good.dropFirst())]
    for offset in [1, 2, 3, 4, 5, 30, 60] {
      var bad = good
      bad[good.count - offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      cases.append(bad)
    }
    for bytes in cases {
      try fixture.replace(pack, bytes)
      let result = try await fixture.repository.repairIndex(readsAll: true)
      #expect(result.problems.count == 1 && result.problems[0].contains(name))
    }
    try fixture.replace(pack, good)
    #expect(try await fixture.repository.repairIndex(readsAll: true).problems.isEmpty)
    try await fixture.expectClean()
  }
}
