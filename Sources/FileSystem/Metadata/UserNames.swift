import Glibc
import Synchronization

/// Names of users and groups by their number, each asked for once. Any thread may use it.
public final class UserNames: Sendable {
  private struct Cache {
    var names: [UInt32: String] = [:]
    /// Most files in a row belong to the same user.
    var last: (id: UInt32, name: String)?
  }

  private let users = Mutex(Cache())
  private let groups = Mutex(Cache())
  /// Directories of hostile archives may name any number of users.
  private static let limit = 65536

  /// Nothing looked up yet.
  public init() {}

  /// A user's name; empty if the system knows none.
  public func user(_ id: UInt32) -> String {
    Self.name(id, users) { id in
      Self.lookUp(sizeName: Int32(_SC_GETPW_R_SIZE_MAX)) { buffer in
        guard let start = buffer.baseAddress else { return (ENOMEM, nil) }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let code = getpwuid_r(id, &entry, start, buffer.count, &found)
        return (code, found?.pointee.pw_name.map { String(cString: $0) })
      }
    }
  }

  /// A group's name; empty if the system knows none.
  public func group(_ id: UInt32) -> String {
    Self.name(id, groups) { id in
      Self.lookUp(sizeName: Int32(_SC_GETGR_R_SIZE_MAX)) { buffer in
        guard let start = buffer.baseAddress else { return (ENOMEM, nil) }
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        let code = getgrgid_r(id, &entry, start, buffer.count, &found)
        return (code, found?.pointee.gr_name.map { String(cString: $0) })
      }
    }
  }

  private static func name(_ id: UInt32, _ cache: borrowing Mutex<Cache>, _ lookUp: (UInt32) -> String) -> String {
    let known: String? = cache.withLock { cache in
      if let last = cache.last, last.id == id { return last.name }
      guard let name = cache.names[id] else { return nil }
      cache.last = (id, name)
      return name
    }
    if let known { return known }
    // Without the lock: a directory service may take its time.
    let name = lookUp(id)
    cache.withLock { cache in
      if cache.names.count >= limit { cache.names = [:] }
      cache.names[id] = name
      cache.last = (id, name)
    }
    return name
  }

  private static func lookUp(
    sizeName: Int32, _ ask: (UnsafeMutableBufferPointer<CChar>) -> (code: Int32, name: String?)
  ) -> String {
    var size = max(1024, sysconf(sizeName))
    while size <= 16 << 20 {
      let answer = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size, ask)
      if answer.code == EINTR { continue }
      if answer.code != ERANGE { return answer.name ?? "" }
      size *= 4
    }
    return ""
  }
}
