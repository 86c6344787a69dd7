import Backup
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@Suite("A parent in a store that is far away")
struct FarAwayTests {
  @Test("Its trees come with few requests")
  func fewRequests() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(
      "for i in $(seq 300); do mkdir -p a/$i/b; echo $i > a/$i/f; echo $i > a/$i/b/g; done; sleep 2.5", in: place)
    var request = BackupRequest(source: .files([place.path + "/a"]))
    request.pathLabel = "/shop/files"
    let first = try await test.backUp(request)

    let store = CountingStore(DirectoryStore(test.folder.path))
    let far = try await Repository.open(store, password: Password(Array(TestRepository.password.utf8)))
    store.packReads.store(0, ordering: .relaxed)
    let fixed = request
    let second = try await far.withLock(exclusive: false) { lock in
      try await backUp(fixed, to: far, lock: lock, cache: .none)
    }
    #expect(second.snapshot.snapshot.tree == first.snapshot.snapshot.tree)
    #expect(second.progress.bytesRead == 0)
    #expect(store.packReads.load(ordering: .relaxed) <= 3, "603 trees lie in one pack of less than 1 MiB")
  }
}

/// A folder that claims to be far away, and counts.
final class CountingStore: ForwardingStore {
  let packReads = Atomic(0)
  let base: any ObjectStore

  init(_ base: DirectoryStore) { self.base = base }

  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    if name.kind == .pack { packReads.wrappingAdd(1, ordering: .relaxed) }
    return try await base.get(name, range: range)
  }
}
