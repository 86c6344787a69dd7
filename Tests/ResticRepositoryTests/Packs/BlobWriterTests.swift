import BlobIndex
import Concurrency
import Cryptography
import ObjectStores
import ResticFormat
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@testable import ResticRepository

/// A folder on a disk that has no room for more than so many new packs.
private final class FullStore: ForwardingStore, LocalObjects {
  var base: any ObjectStore { store }
  private let store: DirectoryStore
  private let limit: Int
  private let begun = Atomic(0)

  init(_ store: DirectoryStore, limit: Int) {
    self.store = store
    self.limit = limit
  }

  func path(of name: ObjectName) -> String { store.path(of: name) }
  func read(_ name: ObjectName, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) {
    try store.read(name, at: offset, into: buffer)
  }
  func showsAtOnce() async -> Bool { await store.showsAtOnce() }
  func begin(_ kind: ObjectKind) throws(StoreError) -> PartialObject {
    guard begun.add(1, ordering: .relaxed).newValue <= limit else { throw StoreError(.full, location, "is full") }
    return try store.begin(kind)
  }
  func finish(_ object: PartialObject, as name: ObjectName) async throws(StoreError) {
    try await store.finish(object, as: name)
  }
}

@Suite("Storing blobs")
struct BlobWriterTests {
  // With a buffer less, one who waits for memory while another opens the same pack waits for ever.
  @Test("one upload and many writers: nobody waits for memory that never comes", .timeLimit(.minutes(10)))
  func oneUpload() async throws {
    let (_, repository) = try await ResticFixture.initialized()
    var settings = WriteSettings()
    settings.uploads = 1
    settings.openPacks = 1
    settings.packSize = 64 << 10
    settings.compression = .off
    let pool = BlockingPool(size: 10)
    for round in 0..<20 {
      try await repository.withBlobWriter(index: BlobIndex(), settings: settings, pool: pool) { writer in
        // Every place for a pack holds one.
        try await writer.store(Array("{}".utf8), type: .tree, with: writer.sealer())
        try await withThrowingTaskGroup(of: Void.self) { group in
          for task in 0..<8 {
            group.addTask(executorPreference: pool) {
              let sealer = writer.sealer()
              for number in 0..<12 {
                // Two fill a pack.
                let blob = Array("\(round) \(task) \(number) ".utf8) + [UInt8](repeating: 0, count: 40 << 10)
                try await writer.store(blob, type: .data, with: sealer)
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(writer.totals.dataBlobs == 96)
      }
    }
  }

  @Test("a full disk ends all writers with its error, and what is stored is in an index", .timeLimit(.minutes(5)))
  func fullDisk() async throws {
    let (fixture, plain) = try await ResticFixture.initialized()
    // One pack of trees, one of data.
    let store = FullStore(fixture.store, limit: 2)
    let repository = try await Repository.open(store, password: Password(Array(ResticFixture.password.utf8)))
    var settings = WriteSettings()
    settings.packSize = 2 << 20
    settings.compression = .off
    let pool = BlockingPool(size: 12)
    let written = settings
    let error = await #expect(throws: StoreError.self) {
      try await repository.withBlobWriter(index: BlobIndex(), settings: written, pool: pool) { writer in
        try await writer.store(Array("{}".utf8), type: .tree, with: writer.sealer())
        try await withThrowingTaskGroup(of: Void.self) { group in
          // More than there is memory for packs.
          for task in 0..<8 {
            group.addTask(executorPreference: pool) {
              let sealer = writer.sealer()
              for number in 0..<12 {
                let blob = Array("\(task) \(number) ".utf8) + [UInt8](repeating: 0, count: 1 << 20)
                try await writer.store(blob, type: .data, with: sealer)
              }
            }
          }
          try await group.waitForAll()
        }
      }
    }
    #expect(error?.kind == .full)
    let listed = try await plain.loadIndex(cache: .none).packs.map(\.id)
    #expect(try await plain.list(.pack).sorted() == listed.sorted())
  }
}
