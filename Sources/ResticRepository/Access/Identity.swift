internal import Glibc

/// Who works with a repository, as restic writes it into keys, locks and snapshots.
public struct Identity: Sendable, Equatable {
  /// The user's name; empty if the number has none.
  public var username: String
  /// The machine's name.
  public var hostname: String
  /// The user's number.
  public var uid: UInt32
  /// The group's number.
  public var gid: UInt32
  /// The process on its machine.
  public var processID: Int32

  /// Somebody.
  public init(username: String, hostname: String, uid: UInt32, gid: UInt32, processID: Int32) {
    self.username = username
    self.hostname = hostname
    self.uid = uid
    self.gid = gid
    self.processID = processID
  }

  /// This process. Asks the system for the user's name once, which may block where users come over the network.
  public static let current: Identity = {
    let user = getpwuid(getuid()).flatMap { $0.pointee.pw_name.map { String(cString: $0) } }
    var name = [CChar](repeating: 0, count: 256)
    let host =
      gethostname(&name, 255) == 0
      ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
    return Identity(
      username: user ?? "", hostname: host, uid: getuid(), gid: getgid(), processID: getpid())
  }()
}
