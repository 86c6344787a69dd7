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
    var pieces: [Key: Task<Result<[UInt8], StoreError>, Never>] = [:]
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
    let bytes = try await piece(Key(pack: pack, number: first), start..<min(start + Self.length, size))
    return Array(bytes[range.lowerBound - start..<range.upperBound - start])
  }

  private func piece(_ key: Key, _ range: Range<Int>) async throws(StoreError) -> [UInt8] {
    do throws(StoreError) { return try await waited(for: key, range) } catch {
      // Another reader that waited for it was cancelled, and we were not.
      guard error.kind == .cancelled, !Task.isCancelled else { throw error }
    }
    return try await waited(for: key, range)
  }

  /// A piece, which is read once for all that wait for it; cancelling one of them ends the read.
  private func waited(for key: Key, _ range: Range<Int>) async throws(StoreError) -> [UInt8] {
    let task = state.withLock { state in
      if let task = state.pieces[key] { return task }
      let store = store
      let task = Task { () -> Result<[UInt8], StoreError> in
        do throws(StoreError) {
          return .success(try await store.get(ObjectName(.pack, key.pack.hex), range: range))
        } catch {
          return .failure(error)
        }
      }
      state.pieces[key] = task
      state.order.append(key)
      if state.order.count > Self.limit { state.pieces[state.order.removeFirst()] = nil }
      return task
    }
    let result = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    if case .failure = result {
      // The next one who asks tries again.
      state.withLock { state in
        guard state.pieces[key] == task else { return }
        state.pieces[key] = nil
        state.order.removeAll { $0 == key }
      }
    }
    return try result.get()
  }

  private func size(of pack: PackID) async throws(StoreError) -> Int {
    if let size = state.withLock({ $0.sizes[pack] }) { return size }
    let size = try await store.size(of: ObjectName(.pack, pack.hex))
    state.withLock { $0.sizes[pack] = size }
    return size
  }
}
