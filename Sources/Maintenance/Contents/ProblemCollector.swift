internal import Synchronization

/// Collects what is wrong, from many threads, with a limit: a repository can have a million times the same problem.
final class ProblemCollector: Sendable {
  private struct State {
    var messages: [String] = []
    var count = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = 1000) { self.limit = limit }

  func add(_ message: String) {
    state.withLock { state in
      state.count += 1
      if state.messages.count < limit { state.messages.append(message) }
    }
  }

  /// Takes over what another one has collected.
  func add(all other: ProblemCollector) {
    let (messages, count) = (other.messages, other.count)
    state.withLock { state in
      state.count += count
      state.messages += messages.prefix(max(0, limit - state.messages.count))
    }
  }

  /// How many there are.
  var count: Int { state.withLock { $0.count } }
  /// The first of them.
  var messages: [String] { state.withLock { $0.messages } }
}
