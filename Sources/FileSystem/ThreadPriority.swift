internal import CFileShims
import Glibc

/// How much a backup may get in the way of others. On Linux each thread has priorities of its own, and hands them on to the
/// threads that it starts.
public enum ThreadPriority {
  /// The priority for the disk, where the scheduler of the disk knows any.
  public enum InputOutput: Sendable, Equatable {
    /// Only when nobody else wants the disk.
    case idle
    /// In turn with others; level 0 comes first, 7 last, 4 is usual.
    case bestEffort(level: Int)
  }

  /// How often `setForProcess` looks for threads that were started meanwhile.
  private static let roundLimit = 100

  /// Sets both for the calling thread; nil leaves one as it is. What the system refuses is left, too.
  /// - Parameter nice: how nice the thread is to others: 0 is usual, 19 the nicest.
  public static func set(nice: Int?, inputOutput: InputOutput?) {
    // Linux takes the number 0 for the calling thread.
    set(nice, inputOutput, thread: 0)
  }

  /// The same for every thread that the process has, and so for those that they start; but libdispatch, on which Swift's own pool
  /// rests, gives the threads that it starts later the priorities that it likes.
  public static func setForProcess(nice: Int?, inputOutput: InputOutput?) {
    guard nice != nil || inputOutput != nil else { return }
    var done: Set<Int32> = []
    // A thread that is not done yet may start another one.
    for _ in 0..<roundLimit {
      let new = threads().filter { !done.contains($0) }
      if new.isEmpty { return }
      for thread in new { set(nice, inputOutput, thread: thread) }
      done.formUnion(new)
    }
  }

  /// The numbers of the process's threads.
  private static func threads() -> [Int32] {
    guard let listing = try? DirectoryHandle(path: "/proc/self/task").entries() else { return [0] }
    return listing.compactMap { Int32(String(decoding: $0.name, as: UTF8.self)) }
  }

  private static func set(_ nice: Int?, _ inputOutput: InputOutput?, thread: Int32) {
    if let nice {
      _ = setpriority(
        __priority_which_t(PRIO_PROCESS.rawValue), id_t(bitPattern: thread), Int32(min(max(nice, -20), 19)))
    }
    switch inputOutput {
    case nil: break
    case .idle?: _ = file_shim_set_io_priority(thread, 3, 0)
    case .bestEffort(let level)?: _ = file_shim_set_io_priority(thread, 2, Int32(min(max(level, 0), 7)))
    }
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
