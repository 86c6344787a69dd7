import BlobIndex
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import Restore
import TestSupport
import Testing

/// What is wrong with a pack.
enum PackDamage: CaseIterable { case gone, cut, changed }
/// How a repository is read.
enum ReadingWay: CaseIterable { case withCache, inMemory, remotely }

@Suite("Blobs that lie in two packs")
struct CopiesTests {
  /// A folder `d` with files, all of it stored twice.
  private func stored(_ made: HandMade) async throws -> (tree: BlobID, content: String, blobs: [(BlobID, BlobType)]) {
    let texts = (10..<30).map { "content \($0)\n" }
    let ids = texts.map { BlobID(of: Array($0.utf8)) }
    let inner = TreeEncoder.encode(
      [made.file("all", ids)] + ids.enumerated().map { made.file("f\(10 + $0.offset)", [$0.element]) })
    let tree = TreeEncoder.encode([made.folder("d", BlobID(of: inner))])
    var blobs: [(bytes: [UInt8], type: BlobType)] = texts.map { (Array($0.utf8), .data) }
    blobs += [(inner, .tree), (tree, .tree)]
    for _ in 0..<2 { try await made.store(blobs, known: BlobIndex()) }
    return (BlobID(of: tree), texts.joined(), blobs.map { (BlobID(of: $0.bytes), $0.type) })
  }

  private func damage(_ packs: Set<PackID>, _ damage: PackDamage, _ made: HandMade) async throws {
    for pack in packs {
      let path = "repository/data/\(pack.hex.prefix(2))/\(pack.hex)"
      let script =
        switch damage {
        case .gone: "rm -f \(path)"
        case .cut: "chmod u+w \(path); truncate -s 5 \(path)"
        case .changed: "chmod u+w \(path); tr '\\0-\\377' '\\1-\\377\\0' <\(path) >changed; cat changed >\(path)"
        }
      try await made.fixture.shell(script)
    }
  }

  @Test("the good copy is used where the other is bad", arguments: PackDamage.allCases, ReadingWay.allCases)
  func copies(damage: PackDamage, reading: ReadingWay) async throws {
    let made = try await HandMade()
    let (tree, content, blobs) = try await stored(made)
    var repository = made.repository
    if reading == .remotely {
      repository = try await Repository.open(
        Remote(made.fixture.repositoryPath), password: Password(Array(Fixture.password.utf8)))
    }
    let cache: IndexCachePlace = reading == .inMemory ? .none : .folder(made.fixture.folder.path + "/cache")
    let index = try await repository.loadIndex(cache: cache)
    for (id, type) in blobs { #expect(index.locations(of: id, type).count == 2) }
    try await self.damage(Set(blobs.compactMap { index.location(of: $0.0, $0.1)?.pack }), damage, made)

    let result = try await made.fixture.restore((repository, index, tree))
    #expect(result.problems.isEmpty && result.progress.files == 21)
    #expect(try await made.fixture.shell("cat target/d/f*") == content)
    #expect(try await made.fixture.shell("cat target/d/all") == content)
    let output = made.fixture.folder.path + "/out.tar"
    #expect(FileManager.default.createFile(atPath: output, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: output))
    let dumped = try await repository.dump(tree, path: [], index: index, to: handle.fileDescriptor)
    #expect(dumped.problems.isEmpty)
    #expect(try await made.fixture.shell("tar xOf out.tar d/all") == content)
    let reader = BlobReader(repository, index)
    for (id, type) in blobs {
      let bytes = try await reader.read(id, type)
      #expect(BlobID(of: bytes) == id)
    }
  }

  @Test("what is damaged in both is named")
  func bothDamaged() async throws {
    let made = try await HandMade()
    let (tree, _, blobs) = try await stored(made)
    let index = try await made.repository.loadIndex(cache: .none)
    let data = blobs.filter { $0.1 == .data }.flatMap { index.locations(of: $0.0, $0.1) }
    try await damage(Set(data.map(\.pack)), .changed, made)
    let result = try await made.fixture.restore((made.repository, index, tree))
    #expect(result.problemCounts == [.content: 21])
    #expect(result.problems.first?.message.contains("is damaged") == true)
  }
}
