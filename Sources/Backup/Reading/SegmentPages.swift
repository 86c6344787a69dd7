internal import FileSystem
internal import Synchronization

/// Gives the pages back that the reading of a large file's segments brought into the page cache, and no others.
///
/// The kernel reads on into the next segment. So each segment is looked at before anything of the one before it is read, and its pages
/// go once more if that one ends after it.
final class SegmentPages: Sendable {
  private struct State {
    /// What was there of the segments at work, and of those behind them.
    var looks: [Int: PageResidency?] = [:]
    var isDone: [Bool]
  }

  private let file: FileHandle
  private let look: @Sendable (_ segment: Int) -> PageResidency?
  private let state: Mutex<State>

  /// - Parameter look: what is there of a segment now.
  init(_ file: FileHandle, segments count: Int, look: @escaping @Sendable (_ segment: Int) -> PageResidency?) {
    self.file = file
    self.look = look
    state = Mutex(State(isDone: Array(repeating: false, count: count)))
  }

  /// A segment is about to be read.
  func begin(_ segment: Int) {
    for number in [segment, segment + 1] where isUnseen(number) {
      let found = look(number)
      state.withLock { state in if state.looks[number] == nil { state.looks[number] = .some(found) } }
    }
  }

  /// A segment was read, or is not going to be.
  func end(_ segment: Int) {
    let looks = state.withLock { state in
      state.isDone[segment] = true
      let isLast = segment + 1 == state.isDone.count
      let looks = [state.looks[segment], isLast || !state.isDone[segment + 1] ? nil : state.looks[segment + 1]]
      // Where both are done nothing more comes.
      if segment == 0 || state.isDone[segment - 1] { state.looks[segment] = nil }
      if !isLast, state.isDone[segment + 1] { state.looks[segment + 1] = nil }
      return looks
    }
    for look in looks { look??.dropOthers(from: file) }
  }

  private func isUnseen(_ segment: Int) -> Bool {
    state.withLock { segment < $0.isDone.count && !$0.isDone[segment] && $0.looks[segment] == nil }
  }
}
