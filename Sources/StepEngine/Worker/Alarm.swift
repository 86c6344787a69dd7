internal import Concurrency
import Glibc
internal import CEpoll
import Synchronization

/// Wakes one waiting task: rung from anywhere, any number of times; rings while nobody waits are kept as one.
final class Alarm: Sendable {
  private enum State: Sendable { case quiet, waiting, rung }

  private let state = Mutex(State.quiet)
  private let descriptor: CInt

  init() { descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) }

  deinit { close(descriptor) }

  func ring() {
    let wasWaiting = state.withLock { state in
      defer { state = .rung }
      return state == .waiting
    }
    guard wasWaiting else { return }
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Returns at the next ring, at `deadline`, or when the task is cancelled.
  func wait(until deadline: ContinuousClock.Instant) async {
    let isQuiet = state.withLock { state in
      if state == .rung {
        state = .quiet
        return false
      }
      state = .waiting
      return true
    }
    guard isQuiet else { return }
    _ = try? await Reactor.shared.wait(for: .readable, on: descriptor, until: deadline)
    var count: UInt64 = 0
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    state.withLock { $0 = .quiet }
  }
}
