import Cryptography
import ObjectStores
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Pieces of packs")
struct PackWindowsTests {
  private let pack = SHA256Digest(of: [1])

  @Test("cancelling who waits for a piece ends the read; another one who waits reads it anew")
  func cancelling() async throws {
    let (store, pack) = (StallingStore(), pack)
    let windows = PackWindows(store)
    var readers = [Task { try await windows.bytes(of: pack, 10..<20) }]
    try await eventually("the read") { store.reads.add(0) == 1 }
    readers.append(Task { try await windows.bytes(of: pack, 10..<20) })
    // Both wait for the same piece by now.
    try await Task.sleep(for: .milliseconds(200))
    readers[0].cancel()
    let error = await #expect(throws: StoreError.self) { try await readers[0].value }
    #expect(error?.kind == .cancelled)
    #expect(try await readers[1].value == [UInt8](repeating: 7, count: 10))
    #expect(try await windows.bytes(of: pack, 100..<200).count == 100)
    #expect(store.reads.add(0) == 2)
  }
}

/// Packs of a megabyte; the first read takes long unless it is cancelled.
private struct StallingStore: ObjectStore {
  let reads = Counter()

  var location: String { "stalling" }
  var concurrency: Int { 1 }
  var keepsJournals: Bool { false }

  func prepare() async throws(StoreError) {}
  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {}
  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    if reads.add(1) == 1 {
      do { try await Task.sleep(for: .seconds(20)) } catch { throw StoreError(.cancelled, name.path, "cancelled") }
    }
    return [UInt8](repeating: 7, count: range?.count ?? 1 << 20)
  }
  func size(of name: ObjectName) async throws(StoreError) -> Int { 1 << 20 }
  func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] { [] }
  func remove(_ name: ObjectName) async throws(StoreError) {}
}
