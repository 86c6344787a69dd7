internal import CFileShims
import Glibc

/// How much a backup may get in the way of others. Each applies to the calling thread, and to threads started from it.
public enum ThreadPriority {
  /// The priority for the disk, where the scheduler of the disk knows any.
  public enum InputOutput: Sendable, Equatable {
    /// Only when nobody else wants the disk.
    case idle
    /// In turn with others; level 0 comes first, 7 last, 4 is usual.
    case bestEffort(level: Int)
  }

  /// Sets the priority for the disk. Returns whether the system agreed.
  @discardableResult
  public static func setInputOutput(_ priority: InputOutput) -> Bool {
    switch priority {
    case .idle: file_shim_set_io_priority(3, 0) == 0
    case .bestEffort(let level): file_shim_set_io_priority(2, Int32(min(max(level, 0), 7))) == 0
    }
  }

  /// Sets how nice the thread is to others: 0 is usual, 19 the nicest. Returns whether the system agreed.
  @discardableResult
  public static func setNice(_ level: Int) -> Bool {
    // Linux takes the number 0 for the calling thread.
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(min(max(level, -20), 19))) == 0
  }
}

/// Raises this process' limit of open files to what the system allows, and returns it.
@discardableResult
public func raiseOpenFileLimit() -> Int {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
  if limit.rlim_cur < limit.rlim_max {
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
  }
  return Int(clamping: limit.rlim_cur)
}
