/// How long to wait before trying again: exponential, with jitter, so that many who failed together do not come back
/// together.
public struct Backoff: Sendable, Hashable {
  /// About how long to wait after the first failure.
  public var first: Duration
  /// The longest wait.
  public var limit: Duration

  /// From `first`, doubling each time, up to `limit`.
  public init(first: Duration = .milliseconds(100), limit: Duration = .seconds(15)) {
    self.first = first
    self.limit = limit
  }

  /// The wait after the `failures`th failure in a row (from 1): between half and all of the exponential one.
  public func delay(after failures: Int) -> Duration {
    var random = SystemRandomNumberGenerator()
    return delay(after: failures, using: &random)
  }

  /// The same with the caller's randomness.
  public func delay(after failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
    var full = first
    for _ in 1..<max(2, min(failures, 64)) where failures > 1 && full < limit { full *= 2 }
    return min(full, limit) * Double.random(in: 0.5...1, using: &random)
  }
}
