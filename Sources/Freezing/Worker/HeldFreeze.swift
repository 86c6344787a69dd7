import Glibc

/// A freeze that lives, as the process sees it whose end would end it.
struct HeldFreeze: Sendable {
  let runtime: RuntimeFolder
  let filesystem: OwnedFile
  let link: OwnedFile
  let state: FrozenState
  /// The guard, if it is our child.
  let child: pid_t?

  /// How long after the deadline a guard counts as stuck (stopped, say).
  private static let patience: Duration = .seconds(1)

  /// Watches the guard until the thaw, and thaws in its place as soon as it is gone. Blocks its thread.
  func watch() {
    loop: while true {
      let left = state.since + state.deadline + Self.patience - timeSinceBoot()
      switch receive(from: link.number, within: max(left, .zero)) {
      case .message(let text):
        switch GuardAnswer(text) {
        case .thawed, .moved: break loop
        default: continue
        }
      case .end:
        takeOver()
        break loop
      case .timedOut:
        // It must not wake up later and thaw what somebody else has frozen then.
        kill(state.guardProcess, SIGKILL)
        takeOver()
        break loop
      }
    }
    if let child { GuardChild.reap(child) }
  }

  private func takeOver() {
    // This process may have been stopped until now, and somebody has thawed in its place: what is frozen now is another's.
    if let record = runtime.record(state.token), record.end != nil || record.guardProcess != state.guardProcess {
      return
    }
    let outcome = thaw(filesystem.number)
    let frozenFor = timeSinceBoot() - state.since
    // Somebody else may be writing the same down; it takes no longer than this.
    for _ in 0..<100 {
      if let lock = try? runtime.lock(state.token) {
        if var record = runtime.record(state.token), record.end == nil {
          record.end = FreezeRecord.End(reason: outcome == .wasNotFrozen ? .other : .guardEnded, frozenFor: frozenFor)
          // Failing that, the next to ask finds no end, and thaws what is thawed.
          try? runtime.write(record)
        }
        withExtendedLifetime(lock) {}
        return
      }
      usleep(20_000)
    }
  }
}
