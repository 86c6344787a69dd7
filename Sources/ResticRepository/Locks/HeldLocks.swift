internal import ResticFormat
internal import Synchronization

/// The files of all locks that this process holds, or may have written.
///
/// A lock that says it is this process's, and isn't among them, was given up and could not be removed: nobody relies on it, however
/// long the process lives.
enum HeldLocks {
  private static let ids = Mutex<Set<FileID>>([])

  static func add(_ id: FileID) { _ = ids.withLock { $0.insert(id) } }

  static func remove(_ id: FileID) { _ = ids.withLock { $0.remove(id) } }

  static func contains(_ id: FileID) -> Bool { ids.withLock { $0.contains(id) } }
}
