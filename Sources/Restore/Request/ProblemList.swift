internal import FileSystem
internal import Synchronization

/// Collects what goes wrong with single files. Any thread adds to it.
final class ProblemList: Sendable {
  private struct State {
    var problems: [RestoreProblem] = []
    var counts: [RestoreProblem.Kind: Int] = [:]
    var hasLoss = false
  }

  private let state = Mutex(State())
  private let progress: RestoreProgress

  init(_ progress: RestoreProgress) { self.progress = progress }

  func add(_ kind: RestoreProblem.Kind, _ path: [UInt8], _ message: String, isLoss: Bool = true) {
    state.withLock { state in
      let count = (state.counts[kind] ?? 0) + 1
      state.counts[kind] = count
      state.hasLoss = state.hasLoss || isLoss
      guard count <= RestoreResult.problemLimit else { return }
      state.problems.append(RestoreProblem(kind: kind, path: path, message: message, isLoss: isLoss))
    }
    if isLoss { progress.problems.count() }
  }

  /// Adds an error of the file system; throws if all others would fail the same way.
  func add(_ kind: RestoreProblem.Kind, _ error: FileError, isLoss: Bool = true) throws(RestoreError) {
    if let fatal = error.asFatal { throw fatal }
    add(kind, error.path, error.description, isLoss: isLoss)
  }

  func result(_ progress: RestoreProgress.State, unfittedIncludes: [String]) -> RestoreResult {
    state.withLock { state in
      RestoreResult(
        problems: state.problems, problemCounts: state.counts, isIncomplete: state.hasLoss,
        unfittedIncludes: unfittedIncludes, progress: progress)
    }
  }
}
