public import BlobIndex
public import Concurrency
public import Cryptography
public import ResticFormat
internal import ObjectStores

extension Repository {
  /// Lets `body` store blobs. When this returns, all of them are durable and in an index file.
  ///
  /// If `body` or a store fails, what has been stored is put into an index as far as that still works: the next attempt
  /// finds it.
  /// - Parameters:
  ///   - pool: threads for the work that blocks; more than there are uploads.
  ///   - mayWrite: asked before everything that is written; throws when the repository's lock was lost.
  ///   - verify: asked before every index file; looks whether the lock is still there, which costs a request. Whoever
  ///     removed it may have removed packs, too, that no index file lists yet.
  ///   - onStored: told of each pack that the store has, before an index file lists it: a journal wants to know.
  public func withBlobWriter<Result: Sendable>(
    index: BlobIndex, settings: WriteSettings, pool: BlockingPool,
    mayWrite: @escaping @Sendable () async throws -> Void = {},
    verify: @escaping @Sendable () async throws -> Void = {},
    onStored: @escaping @Sendable (PackID, [PackedBlob]) -> Void = { _, _ in },
    _ body: (BlobWriter) async throws -> Result
  ) async throws -> Result {
    let settings = fitted(settings)
    let writer = BlobWriter(
      repository: self, index: index, settings: settings, mayWrite: mayWrite, verify: verify, onStored: onStored)
    do {
      try await writer.prepare()
      let result = try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<uploads(settings) {
          group.addTask(executorPreference: pool) {
            do {
              try await writer.upload()
            } catch {
              writer.fail(error)
              throw error
            }
          }
        }
        do {
          let result = try await body(writer)
          try await writer.closePacks()
          try await group.waitForAll()
          return result
        } catch {
          writer.fail(error)
          group.cancelAll()
          throw error
        }
      }
      try await writer.flushIndex()
      return result
    } catch {
      writer.abandonPacks()
      // Shielded from the cancellation that may have brought us here.
      await Task { try? await writer.flushIndex() }.value
      // Whichever call it met first.
      throw Task.isCancelled ? CancellationError() : error
    }
  }
}
