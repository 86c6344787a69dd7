import BlobIndex
import Concurrency
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Journal")
struct JournalTests {
  private let fixture: ResticFixture
  private let repository: Repository
  private let key = Array("host /data".utf8)

  init() async throws { (fixture, repository) = try await ResticFixture.initialized() }

  private func id(_ text: String) -> SHA256Digest { SHA256Digest(of: Array(text.utf8)) }

  private func entry(
    _ path: String, _ blobs: [String], size: UInt64 = 10, segment: UInt32 = 0, segments: UInt32 = 1
  ) -> JournalEntry {
    JournalEntry(
      path: PathKeys(repository).key(of: Array(path.utf8)), size: size,
      modified: TreeNode.Time(seconds: -5, nanoseconds: 999_999_999),
      changed: TreeNode.Time(seconds: 1 << 40, nanoseconds: 7), inode: .max, segment: segment, segments: segments,
      blockSize: 4096, content: blobs.map(id))
  }

  private func path(_ path: String) -> PathKey { PathKeys(repository).key(of: Array(path.utf8)) }

  /// An index that has these blobs.
  private func index(_ blobs: [String]) -> BlobIndex {
    let index = BlobIndex()
    index.add(
      pack: id("known"), size: 1,
      blobs: blobs.map { PackedBlob(id: id($0), type: .data, offset: 0, length: 40, uncompressedLength: 0) })
    return index
  }

  /// A pack in the store that really holds these blobs.
  private func storePack(_ blobs: [String]) async throws -> (id: PackID, blobs: [PackedBlob]) {
    let sealer = BlobSealer(key: repository.key, compression: .off)
    var pack = OpenPack(type: .data, memory: [], roomFor: 100)
    for blob in blobs {
      let bytes = Array(blob.utf8)
      let sealed = try bytes.withUnsafeBytes { try sealer.seal($0, type: .data) }
      try pack.append(sealed, id: id(blob))
    }
    let listed = pack.blobs
    let id = try pack.close(SHA256(), AuthenticatedCipher(repository.key))
    try await repository.put(ObjectName(.pack, id.hex), pack.bytes)
    return (id, listed)
  }

  private struct Stop: Error {}

  /// An attempt that fails after it noted something.
  private func attempt(_ body: (JournalWriter) async throws -> Void) async throws {
    await #expect(throws: Stop.self) {
      try await repository.withJournal(backupKey: key) { journal in
        try await body(try #require(journal))
        throw Stop()
      }
    }
  }

  @Test("what an attempt noted is there for the next one, and gone after a success")
  func attempts() async throws {
    let entries = [
      entry("/a", ["one", "two"]), entry("/b", []), entry("/c", ["three"], segment: 1, segments: 3),
      entry("/c", ["one"], segment: 0, segments: 3),
    ]
    try await attempt { journal in for entry in entries { journal.record(entry) } }
    let journal = try await repository.journal(of: key, index: index([]))
    let known = index(["one", "two", "three"])
    #expect(journal.count == 4)
    #expect(journal.segments(of: path("/a"), in: known) == [entries[0]])
    #expect(journal.segments(of: path("/b"), in: known) == [entries[1]])
    #expect(journal.segments(of: path("/c"), in: known) == [entries[3], entries[2]])
    #expect(journal.segments(of: path("/d"), in: known).isEmpty)
    #expect(journal.segments(of: path("/c"), in: index(["one"])) == [entries[3]], "its other blob isn't there")
    #expect(try await repository.journal(of: Array("another".utf8), index: known).isEmpty)

    try await repository.withJournal(backupKey: key) { $0?.record(entry("/e", [])) }
    #expect(try await repository.journal(of: key, index: known).isEmpty)
    #expect(try await repository.journalNames().isEmpty)
  }

  @Test("the newest attempt's word counts, and a file that changed begins anew")
  func newest() async throws {
    try await attempt { $0.record(entry("/a", ["old"], segment: 0, segments: 2)) }
    try await attempt { $0.record(entry("/a", ["new"], segment: 0, segments: 2)) }
    let known = index(["old", "new", "x"])
    #expect(
      try await repository.journal(of: key, index: known).segments(of: path("/a"), in: known).map(\.content) == [
        [id("new")]
      ])
    try await attempt { $0.record(entry("/a", ["x"], size: 11, segment: 1, segments: 2)) }
    #expect(
      try await repository.journal(of: key, index: known).segments(of: path("/a"), in: known).map(\.segment) == [1])
  }

  @Test("a pack counts if the store has it whole, and is adopted into the next index")
  func packs() async throws {
    let good = try await storePack(["one", "two"])
    let short = try await storePack(["three"])
    let indexed = try await storePack(["four"])
    try await attempt { journal in
      for pack in [good, short, indexed] { journal.packStored(pack.id, pack.blobs) }
      journal.packStored(id("never stored"), good.blobs)
      journal.record(entry("/a", ["two"]))
    }
    let file = fixture.path + "/" + ObjectName(.pack, short.id.hex).path
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))

    let index = BlobIndex()
    index.add(pack: indexed.id, size: 1, blobs: indexed.blobs)
    let journal = try await repository.journal(of: key, index: index)
    #expect(journal.packs.map(\.id) == [good.id])
    #expect(journal.packs.first?.blobs == good.blobs)
    #expect(journal.segments(of: path("/a"), in: index).isEmpty)
    try await repository.withBlobWriter(index: index, settings: WriteSettings(), pool: .shared) { writer in
      try await writer.adopt(journal.packs)
      #expect(journal.segments(of: path("/a"), in: index).count == 1)
      #expect(!index.claim(id("one"), .data))
    }
    let loaded = try await repository.loadIndex(cache: .none)
    #expect(loaded.packs.map(\.id) == [good.id])
    #expect(try await BlobReader(repository, loaded).read(id("two"), .data) == Array("two".utf8))
  }

  @Test("objects are written in the background once there is enough to write")
  func background() async throws {
    let content = (0..<1000).map { "blob \($0)" }
    try await attempt { journal in
      for number in 0..<40 { journal.record(entry("/\(number)", content)) }
      for _ in 0..<600 where try await repository.journalNames().isEmpty {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(try await !repository.journalNames().isEmpty)
      journal.record(entry("/last", []))
    }
    let journal = try await repository.journal(of: key, index: BlobIndex())
    #expect(journal.count == 41)
    #expect(journal.segments(of: path("/39"), in: index(content)).first?.content.count == 1000)
  }

  @Test("a lost lock stops the journal, too")
  func lockLost() async throws {
    await #expect(throws: RepositoryError.self) {
      try await repository.withJournal(
        backupKey: key, mayWrite: { () throws(RepositoryError) in throw RepositoryError(.lockLost, "lost") }
      ) { journal in
        journal?.record(entry("/a", []))
        try await journal?.flush()
      }
    }
    #expect(try await repository.journalNames().isEmpty)
  }

  @Test("a damaged or foreign journal is left out, with a word")
  func damage() async throws {
    try await attempt { $0.record(entry("/a", ["one"])) }
    let name = try #require(try await repository.journalNames().first)
    let good = try await fixture.store.get(ObjectName(.journal, name))
    for place in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[place] ^= 4
      try await fixture.store.put(ObjectName(.journal, name), bad)
      let notices = Counter()
      let journal = try await repository.journal(of: key, index: BlobIndex()) { _ in notices.add(1) }
      #expect(journal.isEmpty && notices.add(0) == 1)
    }
  }

  @Test("no bytes that a later version may write make the reader crash")
  func hostileBytes() throws {
    var bytes = JournalCoding.head(started: 5, packs: 1)
    let blobs = [PackedBlob(id: id("x"), type: .data, offset: 0, length: 99, uncompressedLength: 3)]
    JournalCoding.append(pack: id("pack"), blobs, to: &bytes)
    JournalCoding.append(entry("/a", ["one", "two"]), to: &bytes)
    func read(_ bytes: [UInt8]) throws -> JournalEntry {
      var reader = JournalReader(bytes)
      _ = try reader.head()
      return try reader.entry()
    }
    #expect(try read(bytes) == entry("/a", ["one", "two"]))
    for count in 0..<bytes.count {
      #expect(throws: JournalReader.Damaged.self) { try read(Array(bytes[..<count])) }
    }
    var generator = SplitMix64(seed: 3)
    for _ in 0..<20_000 {
      var bad = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bad[Int.random(in: 0..<bad.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? read(bad)
    }
  }

  @Test("restic does not mind")
  func restic() async throws {
    try await attempt { $0.record(entry("/a", ["one"])) }
    let output = try await fixture.restic(["check"])
    #expect(output.contains("no errors were found"))
  }
}
