/// When to send a request again. Pure: it decides, the caller sleeps and sends.
///
/// Only for requests that are safe to repeat: after a lost connection nobody knows whether the first one took effect.
public struct HTTPRetryPolicy: Sendable, Equatable {
  /// How often a request is sent at most, the first time included.
  public var attempts: Int
  /// The longest wait after the first attempt; it doubles with every further one.
  public var firstDelay: Duration
  /// No backoff is longer than this.
  public var longestDelay: Duration
  /// A server's `Retry-After` is kept up to this; one that asks for more ends the attempts.
  public var longestRetryAfter: Duration

  /// The usual policy, or another.
  public init(
    attempts: Int = 5, firstDelay: Duration = .milliseconds(500), longestDelay: Duration = .seconds(30),
    longestRetryAfter: Duration = .seconds(300)
  ) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
    self.longestRetryAfter = longestRetryAfter
  }

  /// How one attempt ended.
  public enum Outcome: Sendable {
    /// With an answer; `retryAfter` is what `RetryAfter.parse` made of its header.
    case answered(status: Int, retryAfter: Duration?)
    /// Without one.
    case failed(HTTPError)
  }

  /// What to do now.
  public enum Decision: Sendable, Equatable {
    /// Wait this long, then send again.
    case retry(after: Duration)
    /// Keep the outcome: it is final, or no attempt is left.
    case giveUp
  }

  /// Decides after attempt number `attempt` (1 is the first).
  ///
  /// The backoff has full jitter: a random time between nothing and its limit, so that many clients do not come back
  /// together. A `Retry-After` is a lower bound, and jitter comes on top of it.
  public func decide(
    attempt: Int, outcome: Outcome, using random: inout some RandomNumberGenerator
  ) -> Decision {
    guard attempt < attempts else { return .giveUp }
    var floor = Duration.zero
    switch outcome {
    case .answered(let status, let retryAfter):
      guard Self.retryableStatuses.contains(status) else { return .giveUp }
      floor = retryAfter ?? .zero
    case .failed(let error):
      guard error.isRetryable else { return .giveUp }
    }
    guard floor <= longestRetryAfter else { return .giveUp }
    return .retry(after: wait(after: attempt, atLeast: floor, using: &random))
  }

  /// How long to wait after attempt number `attempt`, for callers that know themselves that it is worth it.
  public func wait(after attempt: Int, atLeast floor: Duration, using random: inout some RandomNumberGenerator)
    -> Duration
  {
    floor + backoff(attempt: attempt) * Double.random(in: 0..<1, using: &random)
  }

  /// Decides with the system's random numbers.
  public func decide(attempt: Int, outcome: Outcome) -> Decision {
    var random = SystemRandomNumberGenerator()
    return decide(attempt: attempt, outcome: outcome, using: &random)
  }

  /// Answers that may change by themselves: too early, too many requests, and failures of a server or gateway.
  public static let retryableStatuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504]

  private func backoff(attempt: Int) -> Duration {
    // 2^20 first delays are beyond any cap; more would overflow.
    min(longestDelay, firstDelay * (1 << min(max(attempt, 1) - 1, 20)))
  }
}
