import Foundation
import ObjectStores
import ResticRepository
import Restore
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

/// A folder that answers as a store behind a network does: only by requests, each counted.
final class Remote: ForwardingStore {
  let base: any ObjectStore
  let requests = Mutex<[(name: ObjectName, bytes: Int)]>([])
  /// Whether answers to reads of packs take long.
  let isStalled = Atomic(false)

  init(_ path: String) { base = DirectoryStore(path) }

  var location: String { "remote:" + base.location }
  var concurrency: Int { 5 }
  var keepsJournals: Bool { true }

  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    if name.kind == .pack, isStalled.load(ordering: .relaxed) {
      do { try await Task.sleep(for: .seconds(20)) } catch { throw StoreError(.cancelled, name.path, "cancelled") }
    }
    let bytes = try await base.get(name, range: range)
    requests.withLock { $0.append((name, bytes.count)) }
    return bytes
  }
}

@Suite("Restoring from afar")
struct RemoteTests {
  @Test("few requests, for whole stretches of packs")
  func requests() async throws {
    let fixture = try Fixture()
    let local = try await fixture.backedUp(
      everything + "\nfor i in $(seq 150); do mkdir -p many/$i/below; echo $i > many/$i/below/f; done")
    let store = Remote(fixture.repositoryPath)
    let repository = try await Repository.open(store, password: Password(Array(Fixture.password.utf8)))
    store.requests.withLock { $0 = [] }
    let result = try await fixture.restore((repository, local.index, local.tree))
    #expect(result.problems.isEmpty)
    try await fixture.expectEqual()
    let requests = store.requests.withLock { $0 }
    let packs = try FileManager.default.subpathsOfDirectory(atPath: fixture.repositoryPath + "/data")
      .filter { $0.count == 67 }.count
    #expect(requests.count <= 2 * packs, "\(requests.count) requests for \(packs) packs")
    // And a dump.
    let output = fixture.folder.path + "/all.tar"
    #expect(FileManager.default.createFile(atPath: output, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: output))
    _ = try await repository.dump(local.tree, path: [], index: local.index, to: handle.fileDescriptor)
    #expect(
      try await fixture.shell("tar tf all.tar | wc -l")
        == fixture.shell("cd source; find . -mindepth 1 -printf 'x\\n' | wc -l"))
  }

  @Test("cancelling ends a read of a folder's listing")
  func cancelling() async throws {
    let fixture = try Fixture()
    let local = try await fixture.backedUp("mkdir a; echo b > a/b")
    let store = Remote(fixture.repositoryPath)
    let repository = try await Repository.open(store, password: Password(Array(Fixture.password.utf8)))
    store.isStalled.store(true, ordering: .relaxed)
    let task = Task { try await repository.listNodes(local.tree, index: local.index) { _ in } }
    try await Task.sleep(for: .milliseconds(300))
    task.cancel()
    let error = await #expect(throws: RepositoryError.self) { _ = try await task.value }
    #expect(error?.kind == .store(.cancelled))
  }

  @Test("a pack that is gone, or cut short, costs what was in it")
  func damage() async throws {
    let fixture = try Fixture()
    let local = try await fixture.backedUp("for i in $(seq 40); do head -c 1000000 /dev/urandom > f$i; done")
    try await fixture.shell(
      """
      for n in 1 2; do
        pack=$(find repository/data -type f -printf '%s %p\\n' | sort -n | tail -$n | head -1 | cut -d' ' -f2); chmod u+w $pack
        [ $n = 1 ] && rm $pack || truncate -s 1M $pack
      done
      """)
    let repository = try await Repository.open(
      Remote(fixture.repositoryPath), password: Password(Array(Fixture.password.utf8)))
    let result = try await fixture.restore((repository, local.index, local.tree))
    #expect(result.isIncomplete)
    #expect(result.progress.files > 0 && result.progress.files + (result.problemCounts[.content] ?? 0) == 40)
  }
}
