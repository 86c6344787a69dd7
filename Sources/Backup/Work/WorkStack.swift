internal import Synchronization

/// Work that waits for a free worker, newest first: a directory's files come before its neighbours, so that what waits
/// never is more than the entries of the directories on the way down.
final class WorkStack: Sendable {
  private struct State {
    var jobs: [Job] = []
    var idle: [CheckedContinuation<Job?, any Error>] = []
    var isFinished = false
    var failure: (any Error)?

    /// Takes the newest job, or a part of it.
    mutating func next() -> Job? {
      guard let last = jobs.indices.last else { return nil }
      if let part = jobs[last].split() { return part }
      return jobs.removeLast()
    }
  }

  private let state = Mutex(State())

  /// Adds work; the last of `jobs` is done first.
  func push(_ jobs: [Job]) {
    let handed = state.withLock { state -> [(CheckedContinuation<Job?, any Error>, Job)] in
      state.jobs += jobs
      var handed: [(CheckedContinuation<Job?, any Error>, Job)] = []
      while !state.idle.isEmpty, let job = state.next() { handed.append((state.idle.removeLast(), job)) }
      return handed
    }
    for (worker, job) in handed { worker.resume(returning: job) }
  }

  /// The next piece of work; waits for one. Nil once all is done.
  func pop() async throws -> Job? {
    if let job = try state.withLock({ state in
      if let failure = state.failure { throw failure }
      return state.next()
    }) {
      return job
    }
    return try await withCheckedThrowingContinuation { worker in
      let result: Result<Job?, any Error>? = state.withLock { state in
        if let failure = state.failure { return .failure(failure) }
        if let job = state.next() { return .success(job) }
        if state.isFinished { return .success(nil) }
        state.idle.append(worker)
        return nil
      }
      if let result { worker.resume(with: result) }
    }
  }

  /// All is done: idle workers end.
  func finish() {
    let idle = state.withLock { state in
      state.isFinished = true
      defer { state.idle = [] }
      return state.idle
    }
    for worker in idle { worker.resume(returning: nil) }
  }

  /// Ends all workers; the first error counts.
  func fail(_ error: any Error) {
    let idle = state.withLock { state in
      state.failure = state.failure ?? error
      state.jobs = []
      defer { state.idle = [] }
      return state.idle
    }
    for worker in idle { worker.resume(throwing: error) }
  }
}
