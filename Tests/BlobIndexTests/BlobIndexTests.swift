import BlobIndex
import Cryptography
import ResticFormat
import Testing

@Suite("Blob index")
struct BlobIndexTests {
  private func id(_ number: Int) -> BlobID { BlobID(of: Array("blob \(number)".utf8)) }

  private func blob(_ number: Int, _ type: BlobType = .data, offset: UInt32 = 0) -> PackedBlob {
    PackedBlob(id: id(number), type: type, offset: offset, length: 100, uncompressedLength: UInt32(number))
  }

  @Test("a blob is found where its pack was added, under its type only")
  func finds() {
    let index = BlobIndex()
    for pack in 0..<100 {
      index.add(
        pack: id(-1 - pack), size: pack,
        blobs: (0..<100).map { blob(pack * 100 + $0, offset: UInt32($0 * 100)) })
    }
    for number in 0..<10_000 {
      let expected = BlobLocation(
        pack: id(-1 - number / 100), offset: UInt32(number % 100 * 100), length: 100, uncompressedLength: UInt32(number)
      )
      #expect(index.location(of: id(number), .data) == expected)
      #expect(!index.contains(id(number), .tree))
    }
    #expect(!index.contains(id(10_000), .data))
    #expect(index.packs.map(\.size) == Array(0..<100))
  }

  @Test("equal bytes are two blobs when one is a tree")
  func types() {
    let index = BlobIndex()
    index.add(pack: id(-1), size: 1, blobs: [blob(1, .tree)])
    #expect(index.contains(id(1), .tree))
    #expect(index.claim(id(1), .data))
  }

  @Test("of many that claim a blob, one gets it")
  func claims() async {
    let index = BlobIndex()
    let wins = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<5000).count { index.claim(BlobID(of: Array("blob \($0)".utf8)), .data) } }
      }
      return await group.reduce(0, +)
    }
    #expect(wins == 5000)
    #expect(!index.contains(id(7), .data))
  }

  @Test("a claim that was taken back can be claimed again; a stored blob can't")
  func unclaims() {
    let index = BlobIndex()
    #expect(index.claim(id(1), .data))
    index.unclaim(id(1), .data)
    #expect(index.location(of: id(1), .data) == nil)
    #expect(index.claim(id(1), .data))
    index.add(pack: id(-1), size: 1, blobs: [blob(1)])
    index.unclaim(id(1), .data)
    #expect(index.contains(id(1), .data))
    #expect(!index.claim(id(1), .data))
  }

  @Test("the first place of a blob that lies in two packs counts")
  func duplicates() {
    let index = BlobIndex()
    index.add(pack: id(-1), size: 1, blobs: [blob(1)])
    index.add(pack: id(-2), size: 1, blobs: [blob(1, offset: 5)])
    #expect(index.location(of: id(1), .data)?.pack == id(-1))
    #expect(index.packs.count == 2)
  }

  @Test("all places of a blob are known, each once, and of very many only some")
  func places() {
    let index = BlobIndex()
    #expect(index.locations(of: id(1), .data).isEmpty)
    #expect(index.claim(id(1), .data))
    #expect(index.locations(of: id(1), .data).isEmpty)
    for pack in [-1, -2, -1, -3, -2] {
      index.add(pack: id(pack), size: 1, blobs: [blob(1, offset: UInt32(-pack)), blob(1, .tree)])
    }
    #expect(index.locations(of: id(1), .data).map(\.pack) == [id(-1), id(-2), id(-3)])
    #expect(index.locations(of: id(1), .data).map(\.offset) == [1, 2, 3])
    #expect(index.locations(of: id(1), .tree).count == 3)
    for pack in 4..<1000 { index.add(pack: id(-pack), size: 1, blobs: [blob(1), blob(pack)]) }
    #expect(index.locations(of: id(1), .data).count == BlobIndex.placeLimit)
    #expect(index.locations(of: id(1), .data).first == index.location(of: id(1), .data))
    #expect(index.locations(of: id(900), .data).map(\.pack) == [id(-900)])
  }
}
