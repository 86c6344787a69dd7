import CFreeze
import Glibc

extension RuntimeFolder {
  /// How long after its deadline a guard counts as stuck here. Its worker waits for less, if it is not stuck, too.
  private static let patience: Duration = .seconds(3)

  /// Ends a guard that should have thawed by now, and takes its lock: it is stopped, or its container is paused, and its worker as
  /// well, which would have done this. It must not wake up later and thaw what somebody else has frozen then.
  /// - Returns: nil if there is no such guard. - Throws: `FreezeError` if it does not end.
  func lockOfStuckGuard(_ token: String) throws(FreezeError) -> OwnedFile? {
    // The connection comes before the record that counts: a new guard has written its own before it listens.
    guard isOverdue(token), let socket = connect(token), isOverdue(token) else { return nil }
    let process = freeze_shim_peer(socket.number)
    // In the kernel it still freezes, which takes as long as writing does; it will thaw right after that, its time being over.
    guard process > 0, state(of: process) != "D", kill(process, SIGKILL) == 0 else { return nil }
    let end = timeSinceBoot() + .seconds(2)
    while timeSinceBoot() < end {
      if let lock = try self.lock(token) { return lock }
      usleep(5_000)
    }
    throw FreezeError(
      .system,
      "The guard of \(record(token)?.mountPoint ?? token) (process \(process)) let its deadline pass, and does not end: look what stops it, and run 'fsfreeze --unfreeze' there as root."
    )
  }

  private func isOverdue(_ token: String) -> Bool {
    guard let record = self.record(token), record.hasBegun, record.end == nil, record.bootID == bootID() else {
      return false
    }
    return timeSinceBoot() > record.since + record.deadline + Self.patience
  }
}
