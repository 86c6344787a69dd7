import Synchronization

/// The tasks of the steps that run now: each can be cancelled by its lease, and all can be awaited.
final class StepTasks: Sendable {
  private struct State {
    var tasks: [HeldStep: Task<Void, Never>] = [:]
    /// Ended before `start` could keep their task.
    var early: Set<HeldStep> = []
  }

  private let state = Mutex(State())

  /// Runs `body` in a task of its own.
  func start(_ step: HeldStep, _ body: @escaping @Sendable () async -> Void) {
    let task = Task {
      await body()
      self.state.withLock { state in
        if state.tasks.removeValue(forKey: step) == nil { state.early.insert(step) }
      }
    }
    state.withLock { state in
      if state.early.remove(step) == nil { state.tasks[step] = task }
    }
  }

  func cancel(_ step: HeldStep) { state.withLock { $0.tasks[step] }?.cancel() }

  func cancelAll() {
    for task in state.withLock({ Array($0.tasks.values) }) { task.cancel() }
  }

  /// Waits until every task has ended.
  func waitForAll() async {
    while let task = state.withLock({ $0.tasks.values.first }) { await task.value }
  }
}
