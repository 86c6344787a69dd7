import Synchronization

/// The lines that steps print, until the next exchange takes them along; bounded, since a step may print forever.
final class StepLogBuffer: Sendable {
  /// Lines of one attempt that are kept; a last one says that there were more.
  static let linesPerAttempt = 10_000
  /// Bytes that wait at once; more are dropped, with a note.
  static let bytesWaiting = 4 << 20

  private struct State {
    var lines: [StepLogLine] = []
    var bytes = 0
    var counts: [HeldStep: Int32] = [:]
  }

  private let state = Mutex(State())

  /// Keeps a line for the next exchange.
  func append(_ text: String, to step: HeldStep) {
    state.withLock { state in
      let number = (state.counts[step] ?? 0) + 1
      guard number <= Self.linesPerAttempt + 1 else { return }
      state.counts[step] = number
      // A gap in the numbers shows that a line was dropped here.
      guard state.bytes < Self.bytesWaiting else { return }
      var text = number <= Self.linesPerAttempt ? text : "… more lines were printed and dropped"
      // PostgreSQL's text has no zero bytes.
      if text.utf8.contains(0) { text = String(text.filter { $0 != "\0" }) }
      state.bytes += text.utf8.count
      state.lines.append(StepLogLine(step: step, number: number, text: text))
    }
  }

  /// Forgets a step that is over, after its last lines were taken.
  func forget(_ step: HeldStep) { state.withLock { $0.counts[step] = nil } }

  var isEmpty: Bool { state.withLock { $0.lines.isEmpty } }

  /// Takes all lines out.
  func take() -> [StepLogLine] {
    state.withLock { state in
      defer {
        state.lines = []
        state.bytes = 0
      }
      return state.lines
    }
  }

  /// Puts lines back whose exchange failed.
  func putBack(_ lines: [StepLogLine]) {
    state.withLock { state in
      state.lines = lines + state.lines
      state.bytes += lines.reduce(0) { $0 + $1.text.utf8.count }
    }
  }
}
