internal import Synchronization

/// Counts the packs that threads have worked on, and their bytes.
final class PackTally: Sendable {
  private let stage: MaintenanceProgress.Stage
  private let count: Int
  private let totalBytes: Int
  private let done = Mutex((packs: 0, bytes: 0))

  /// - Parameter sizes: how many bytes there are to work on of each pack.
  init(_ stage: MaintenanceProgress.Stage, sizes: some Collection<Int>) {
    self.stage = stage
    count = sizes.count
    totalBytes = sizes.reduce(0, +)
  }

  /// How far it is before anything is done.
  var start: MaintenanceProgress { progress(0, 0) }

  /// Notes that a pack is done, and returns how far it is now.
  func add(_ bytes: Int) -> MaintenanceProgress {
    let done = done.withLock { done in
      done.packs += 1
      done.bytes += bytes
      return done
    }
    return progress(done.packs, done.bytes)
  }

  private func progress(_ packs: Int, _ bytes: Int) -> MaintenanceProgress {
    MaintenanceProgress(stage, done: packs, of: count, bytes: bytes, ofBytes: totalBytes)
  }
}
