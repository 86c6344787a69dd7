internal import Synchronization

/// Lets a few callers in at a time; the others wait, in the order of asking.
final class Permits: Sendable {
  private struct State {
    var free: Int
    var tickets = 0
    /// Oldest first.
    var waiting: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  }

  private let state: Mutex<State>

  /// - Parameter count: how many are let in at a time.
  init(_ count: Int) { state = Mutex(State(free: count)) }

  /// Runs `body` once it is its turn; nil if the task is cancelled before.
  func during<Result>(_ body: () async -> Result) async -> Result? {
    guard await take() else { return nil }
    defer { giveBack() }
    return await body()
  }

  private func take() async -> Bool {
    let ticket = state.withLock { state in
      state.tickets += 1
      return state.tickets
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isIn: Bool? = state.withLock { state in
          // Looked at under the lock: who is cancelled later is found among those who wait.
          if Task.isCancelled { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.waiting.append((ticket, continuation))
          return nil
        }
        if let isIn { continuation.resume(returning: isIn) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
      }
      waiter?.continuation.resume(returning: false)
    }
  }

  private func giveBack() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    next?.resume(returning: true)
  }
}
