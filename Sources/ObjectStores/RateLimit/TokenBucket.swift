internal import Synchronization

/// Says how long to wait so that no more than so many bytes per second pass. Fair in the order of asking.
final class TokenBucket: Sendable {
  private let rate: Double
  /// When all that was taken so far has passed.
  private let free: Mutex<ContinuousClock.Instant>

  /// - Parameter bytesPerSecond: at least 1.
  init(bytesPerSecond: Int) {
    rate = Double(max(1, bytesPerSecond))
    free = Mutex(.now)
  }

  /// Takes `count` bytes and returns when they have passed at that rate; what is asked for at the same time comes after.
  /// - Parameter waits: false returns at once; whoever comes later waits for these bytes, too.
  func take(_ count: Int, waits: Bool) async throws(StoreError) {
    let due = reserve(count, now: .now)
    guard waits, due > .now else { return }
    do { try await Task.sleep(until: due, clock: .continuous) } catch {
      throw StoreError(.cancelled, "rate limit", "cancelled")
    }
  }

  /// Until when to wait.
  func reserve(_ count: Int, now: ContinuousClock.Instant) -> ContinuousClock.Instant {
    free.withLock { free in
      free = max(free, now) + .seconds(Double(max(0, count)) / rate)
      return free
    }
  }
}
