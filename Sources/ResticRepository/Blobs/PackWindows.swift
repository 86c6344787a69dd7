internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import Synchronization

/// Pieces of packs that were read a moment ago, for stores that are far away: trees that are walked one after the other
/// lie beside each other, and one request brings many of them.
final class PackWindows: Sendable {
  private struct Key: Hashable {
    let pack: PackID
    let number: Int
  }

  private struct State {
    var pieces: [Key: Task<[UInt8], any Error>] = [:]
    /// Oldest first.
    var order: [Key] = []
    var sizes: [PackID: Int] = [:]
  }

  /// Bytes of a piece.
  private static let length = 1 << 20
  /// How many are kept.
  private static let limit = 48

  private let store: any ObjectStore
  private let state = Mutex(State())

  init(_ store: any ObjectStore) { self.store = store }

  /// Some bytes of a pack.
  func bytes(of pack: PackID, _ range: Range<Int>) async throws(StoreError) -> [UInt8] {
    let first = range.lowerBound / Self.length
    guard range.upperBound <= (first + 1) * Self.length else {
      return try await store.get(ObjectName(.pack, pack.hex), range: range)
    }
    let size = try await size(of: pack)
    guard range.upperBound <= size else {
      throw StoreError(.truncated, ObjectName(.pack, pack.hex).path, "it has only \(size) bytes")
    }
    let start = first * Self.length
    let key = Key(pack: pack, number: first)
    let task = state.withLock { state in
      if let task = state.pieces[key] { return task }
      let store = store
      let task = Task {
        try await store.get(ObjectName(.pack, pack.hex), range: start..<min(start + Self.length, size))
      }
      state.pieces[key] = task
      state.order.append(key)
      if state.order.count > Self.limit { state.pieces[state.order.removeFirst()] = nil }
      return task
    }
    do {
      return Array(try await task.value[range.lowerBound - start..<range.upperBound - start])
    } catch {
      // The next one who asks tries again.
      state.withLock { state in
        state.pieces[key] = nil
        state.order.removeAll { $0 == key }
      }
      throw error as? StoreError ?? StoreError(.cancelled, ObjectName(.pack, pack.hex).path, "the read was cancelled")
    }
  }

  private func size(of pack: PackID) async throws(StoreError) -> Int {
    if let size = state.withLock({ $0.sizes[pack] }) { return size }
    let size = try await store.size(of: ObjectName(.pack, pack.hex))
    state.withLock { $0.sizes[pack] = size }
    return size
  }
}
