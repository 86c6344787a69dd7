internal import Glibc
public import ResticFormat

/// A lock with its name.
public struct StoredLock: Sendable, Equatable {
  /// The name of its file.
  public let id: FileID
  /// Whose it is.
  public let lock: LockFile

  /// How old a lock may get before nobody counts on its holder; holders refresh theirs every five minutes.
  static let staleAfter: Int64 = 30 * 60

  /// Whether its holder does not live any more, by restic's rules: 30 minutes without a refresh, or a process of this host
  /// that isn't there. Of a process in another container of this system only the first counts, whatever the host's name.
  public func isStale(now: Snapshot.Moment = .now, on host: String = Identity.current.hostname) -> Bool {
    if isOld(now) || isSurelyDead { return true }
    let isElsewhere = ProcessMark(text: lock.processMark)?.isOfOtherNamespace ?? false
    guard lock.hostname == host, !isElsewhere, let id = pid_t(exactly: lock.pid), id > 0 else { return false }
    return !hasProcess(id)
  }

  /// Whether it can be removed without asking: its process is gone for certain or has given it up, or it is an old one of this host.
  ///
  /// Not if its process certainly runs: that stood still, or a clock was set, and it goes on as if it still had it.
  func isAbandoned(now: Snapshot.Moment = .now, on host: String = Identity.current.hostname) -> Bool {
    isSurelyDead || isGivenUp || (lock.hostname == host && isOld(now) && !isSurelyAlive)
  }

  /// Whether the process that took it runs on this machine.
  var isSurelyAlive: Bool { ProcessMark(text: lock.processMark)?.isRunning(lock.pid) ?? false }

  /// Whether this very process wrote it, and could not remove it when it let it go.
  private var isGivenUp: Bool {
    guard let mark = ProcessMark.current?.text, lock.processMark == mark else { return false }
    return lock.pid == Int(Identity.current.processID) && !HeldLocks.contains(id)
  }

  private var isSurelyDead: Bool { ProcessMark(text: lock.processMark)?.isGone(lock.pid) ?? false }

  private func isOld(_ now: Snapshot.Moment) -> Bool { now.seconds - lock.time.seconds > Self.staleAfter }

  /// Who holds it, where and since when: `root on vault (process 17), last seen 2026-11-28T21:00:00Z`.
  public var holder: String {
    "\(lock.username.isEmpty ? "user \(lock.uid)" : lock.username) on \(lock.hostname) (process \(lock.pid)), last seen \(lock.time.rfc3339)"
  }
}
