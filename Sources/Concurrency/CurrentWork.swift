internal import Synchronization

/// What each worker of a running job is at, and whether the job is over; any thread may ask at any time.
public final class CurrentWork: Sendable {
  private struct State {
    var texts: [Int: @Sendable () -> String] = [:]
    var isOver = false
  }

  private let state = Mutex(State())

  /// Nobody is at anything yet.
  public init() {}

  /// What the workers are at now, in the order of their numbers.
  public var texts: [String] {
    // The texts are made outside of the lock, or workers would wait for whoever looks.
    state.withLock { $0.texts }.sorted { $0.key < $1.key }.map { $0.value() }
  }

  /// Says what a worker is at; nil for nothing. The text is made only when someone looks.
  public func set(_ worker: Int, _ text: (@Sendable () -> String)?) { state.withLock { $0.texts[worker] = text } }

  /// Says that the job is over, and that nobody is at anything any more.
  public func finish() {
    state.withLock {
      $0.isOver = true
      $0.texts = [:]
    }
  }

  /// What `numbers` gives at intervals, and once more at the end; it ends with the job.
  public func updates<Numbers: Sendable>(
    every interval: Duration, _ numbers: @escaping @Sendable () -> Numbers
  ) -> AsyncStream<Numbers> {
    .sampling(every: interval, until: { self.state.withLock { $0.isOver } }, numbers)
  }
}
