internal import Synchronization

/// Slows reading down to a limit, whatever the number of readers.
final class ReadPace: Sendable {
  private let bytesPerSecond: Double
  /// When all that has been asked for so far may have been read.
  private let free = Mutex(ContinuousClock.now)

  init(bytesPerSecond: Int) { self.bytesPerSecond = Double(max(1, bytesPerSecond)) }

  /// Waits until so many bytes may be read.
  func wait(for bytes: Int) async throws {
    let start = free.withLock { free in
      let now = ContinuousClock.now
      // What was not used in the last tenth of a second may be caught up with.
      let start = max(free, now - .milliseconds(100))
      free = start + .seconds(Double(bytes) / bytesPerSecond)
      return start
    }
    if start > .now { try await Task.sleep(until: start) }
  }
}
