internal import Concurrency
internal import FileSystem
internal import Glibc
internal import Synchronization

/// Tells work on a blocking thread that nobody waits for its result any more.
final class Interruption: Sendable {
  private let isSet = Atomic(false)

  func interrupt() { isSet.store(true, ordering: .relaxed) }

  /// To be called between files and between pieces of large ones.
  /// - Throws: `FileError` with ECANCELED.
  func check(_ path: [UInt8]) throws(FileError) {
    guard !isSet.load(ordering: .relaxed) else {
      throw FileError(path: path, operation: "go on with", code: ECANCELED)
    }
  }
}

/// Runs what blocks on a thread for that. When the task is cancelled, `body` learns it from its `Interruption`, and this
/// still waits for its end: nothing goes on behind the caller's back.
func blocking<T: Sendable>(
  _ body: @escaping @Sendable (Interruption) throws(DriverError) -> T
) async throws(DriverError) -> T {
  let interruption = Interruption()
  return try await withTaskCancellationHandler {
    await BlockingPool.shared.runNonthrowing {
      Result { () throws(DriverError) in try body(interruption) }
    }
  } onCancel: {
    interruption.interrupt()
  }.get()
}
