internal import JSON
import Synchronization

/// The latest that running steps say of how far they are, until an exchange takes it along: at most once a second for all of them
/// together, whatever they say in between.
final class StepProgressBoard: Sendable {
  /// The time between two writes.
  static let pace = Duration.seconds(1)
  /// What is longer, as JSON text, is dropped.
  static let longestBytes = 2000

  private struct State {
    var latest: [HeldStep: JSONValue] = [:]
    var takenAt: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// Replaces what the step said before.
  func note(_ progress: JSONValue, of step: HeldStep) { state.withLock { $0.latest[step] = progress } }

  /// Forgets a step that is over.
  func forget(_ step: HeldStep) { state.withLock { _ = $0.latest.removeValue(forKey: step) } }

  /// Whether there is something to write, and the last write is long enough ago.
  func isDue(at now: ContinuousClock.Instant) -> Bool { state.withLock { isDue($0, now) } }

  /// Takes out what is to be written now.
  func take(at now: ContinuousClock.Instant) -> [StepProgressNote] {
    let latest = state.withLock { state -> [HeldStep: JSONValue] in
      guard isDue(state, now) else { return [:] }
      defer { state.latest = [:] }
      state.takenAt = now
      return state.latest
    }
    return latest.compactMap { step, progress in
      guard case .object = progress, !progress.holdsZero else { return nil }
      let text = progress.text
      return text.utf8.count > Self.longestBytes ? nil : StepProgressNote(step: step, text: text)
    }
  }

  private func isDue(_ state: State, _ now: ContinuousClock.Instant) -> Bool {
    !state.latest.isEmpty && state.takenAt.map { now - $0 >= Self.pace } ?? true
  }
}
