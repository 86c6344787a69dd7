import BlobIndex
import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Loading the index")
struct LoadIndexTests {
  private let fixture: ResticFixture
  private let repository: Repository
  private let cache: IndexCachePlace

  init() async throws {
    (fixture, repository) = try await ResticFixture.initialized()
    cache = .folder(fixture.folder.appendingPathComponent("cache").path)
  }

  private var cacheFile: URL {
    fixture.folder.appendingPathComponent("cache/\(repository.id)/index")
  }

  private func id(_ text: String) -> BlobID { BlobID(of: Array(text.utf8)) }

  private func pack(_ name: String, _ blobs: Range<Int>) -> (id: PackID, blobs: [PackedBlob]) {
    (
      id(name),
      blobs.map {
        PackedBlob(
          id: id("blob \($0)"), type: .data, offset: UInt32($0 - blobs.lowerBound) * 40, length: 40,
          uncompressedLength: 0)
      }
    )
  }

  private func save(_ packs: [(id: PackID, blobs: [PackedBlob])]) async throws -> FileID {
    try await repository.saveSealed(.index, IndexFile.encode(packs))
  }

  private func check(_ index: BlobIndex, _ blobs: Range<Int>, pack: String) {
    for number in blobs {
      let place = index.location(of: id("blob \(number)"), .data)
      #expect(place?.pack == id(pack) && place?.offset == UInt32(number - blobs.lowerBound) * 40)
    }
  }

  private func load(_ place: IndexCachePlace? = nil, notices: Int = 0) async throws -> BlobIndex {
    let count = Counter()
    let index = try await repository.loadIndex(cache: place ?? cache) { _ in count.add(1) }
    #expect(count.add(0) == notices)
    return index
  }

  @Test("with and without cache, warm and cold, and after files came and went", arguments: [false, true])
  func loads(cached: Bool) async throws {
    let place = cached ? cache : .none
    #expect(try await load(place).count == 0)
    let first = try await save([pack("one", 0..<1000)])
    for _ in 0..<2 { check(try await load(place), 0..<1000, pack: "one") }
    let second = try await save([pack("two", 2000..<3000)])
    for _ in 0..<2 {
      let index = try await load(place)
      check(index, 0..<1000, pack: "one")
      check(index, 2000..<3000, pack: "two")
    }
    try await repository.remove(.index, first)
    for _ in 0..<2 {
      let index = try await load(place)
      check(index, 2000..<3000, pack: "two")
      #expect(index.count == 1000)
    }
    // More than stays in memory.
    _ = try await save([pack("three", 5000..<50_000)])
    for _ in 0..<2 {
      let index = try await load(place)
      check(index, 2000..<3000, pack: "two")
      check(index, 5000..<50_000, pack: "three")
      #expect(index.packs.map(\.size).sorted() == [1000 * 77 + 36, 45_000 * 77 + 36])
    }
    try await repository.remove(.index, second)
    #expect(try await !load(place).contains(id("blob 2000"), .data))
    #expect(FileManager.default.fileExists(atPath: cacheFile.path) == cached)
  }

  @Test("the same object reads each file once, and sees what comes and goes")
  func loadsAgain() async throws {
    let one = try await save([pack("one", 0..<1000)])
    check(try await load(), 0..<1000, pack: "one")
    // What it knows, it neither opens nor reads again.
    try Data("damaged".utf8).write(to: cacheFile, options: .atomic)
    let two = try await save([pack("two", 2000..<2010)])
    check(try await load(), 2000..<2010, pack: "two")
    let file = URL(fileURLWithPath: fixture.path + "/index/" + two.hex)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    try Data(count: try Data(contentsOf: file).count).write(to: file)
    // More files than a cache that has just been opened would bear.
    for number in 0..<20 { _ = try await save([pack("more \(number)", 3000 + number..<3001 + number)]) }
    let index = try await load()
    check(index, 0..<1000, pack: "one")
    check(index, 2000..<2010, pack: "two")
    check(index, 3019..<3020, pack: "more 19")
    #expect(index.count == 1030)
    // A new file is there no more, then one of the cache, which is damaged by now.
    try await repository.remove(.index, two)
    #expect(try await load().count == 1020)
    try await repository.remove(.index, one)
    #expect(try await load(notices: 1).count == 20)
  }

  @Test("a damaged cache is replaced, and nothing of it believed")
  func damagedCache() async throws {
    _ = try await save([pack("one", 0..<1000)])
    check(try await load(), 0..<1000, pack: "one")
    var bytes = try Data(contentsOf: cacheFile)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: cacheFile)
    let notices = Counter()
    for _ in 0..<2 {
      // As another process would.
      let reopened = try await fixture.open()
      check(try await reopened.loadIndex(cache: cache) { _ in notices.add(1) }, 0..<1000, pack: "one")
    }
    #expect(notices.add(0) == 1)
  }

  @Test("another repository's cache is refused")
  func foreignCache() async throws {
    let (other, otherRepository) = try await ResticFixture.initialized()
    _ = try await otherRepository.saveSealed(.index, IndexFile.encode([pack("evil", 0..<1000)]))
    let place = IndexCachePlace.folder(other.folder.path)
    _ = try await otherRepository.loadIndex(cache: place)
    try FileManager.default.createDirectory(
      at: cacheFile.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: other.folder.appendingPathComponent("\(otherRepository.id)/index"), to: cacheFile)
    #expect(try await load(notices: 1).count == 0)
  }

  @Test("a cache that can't be written costs memory, not the run")
  func unwritable() async throws {
    _ = try await save([pack("one", 0..<1000)])
    try Data().write(to: fixture.folder.appendingPathComponent("file"))
    let place = IndexCachePlace.folder(fixture.folder.appendingPathComponent("file").path)
    check(try await load(place, notices: 2), 0..<1000, pack: "one")
  }

  @Test("index files that others replace are ignored", arguments: [false, true])
  func supersedes(cached: Bool) async throws {
    let place = cached ? cache : .none
    let old = try await save([pack("old", 0..<100)])
    check(try await load(place), 0..<100, pack: "old")
    let text = String(decoding: IndexFile.encode([pack("new", 0..<100)]), as: UTF8.self)
    let json = "{\"supersedes\":[\"\(old.hex)\"]," + text.dropFirst()
    _ = try await repository.saveSealed(.index, Array(json.utf8))
    for _ in 0..<2 {
      let index = try await load(place)
      check(index, 0..<100, pack: "new")
      #expect(index.packs.map(\.id) == [id("new")])
    }
  }

  @Test("a damaged index file is named")
  func damagedIndex() async throws {
    let id = try await save([pack("one", 0..<10)])
    let file = URL(fileURLWithPath: fixture.path + "/index/" + id.hex)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    var bytes = try Data(contentsOf: file)
    bytes[20] ^= 1
    try bytes.write(to: file)
    for place in [cache, .none] {
      let error = await #expect(throws: RepositoryError.self) { try await repository.loadIndex(cache: place) }
      #expect(error?.kind == .corrupt)
      #expect(error?.message.contains(id.hex) == true)
    }
  }

  @Test("what restic stored is found, byte for byte")
  func resticsIndex() async throws {
    let source = fixture.folder.appendingPathComponent("source")
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    for number in 0..<50 {
      try Data("contents of \(number)".utf8).write(to: source.appendingPathComponent("file \(number)"))
    }
    try await fixture.restic(["backup", source.path])
    let index = try await load()
    let reader = BlobReader(repository, index)
    for number in 0..<50 {
      let text = "contents of \(number)"
      #expect(try await reader.read(id(text), .data) == Array(text.utf8))
    }
  }
}
