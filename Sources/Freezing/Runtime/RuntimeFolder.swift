import CEpoll
import Glibc
import JSON

/// The folder in which guards keep what others must find: for each token a record, a lock and a socket.
///
/// A guard holds the lock as long as it lives. Whoever gets the lock knows that no guard lives, and may act in its place.
struct RuntimeFolder: Sendable {
  let path: String
  private let folder: OwnedFile

  /// Opens it, and makes it if it is not there.
  init(_ path: String) throws(FreezeError) {
    guard path.hasPrefix("/") else {
      throw FreezeError(.refused, "The runtime folder '\(path)' must be an absolute path.")
    }
    self.path = path
    var parent = ""
    for part in path.split(separator: "/") {
      parent += "/" + part
      if mkdir(parent, 0o700) != 0, errno != EEXIST, errno != EROFS { throw Self.unusable(path, errno) }
    }
    guard let folder = OwnedFile(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
      throw Self.unusable(path, errno)
    }
    var info = stat()
    guard fstat(folder.number, &info) == 0 else { throw Self.unusable(path, errno) }
    // Records say what is to be thawed: nobody else may write them.
    guard info.st_uid == geteuid(), info.st_mode & 0o022 == 0 else {
      throw FreezeError(
        .refused,
        "The runtime folder \(path) belongs to somebody else or others may write to it: remove it, or set HOLDFAST_RUNTIME."
      )
    }
    self.folder = folder
  }

  private static func unusable(_ path: String, _ code: CInt) -> FreezeError {
    FreezeError(.system, "Can't use the runtime folder \(path) for guards of frozen filesystems: \(reason(code)).")
  }

  /// Its descriptor, for `MountedFilesystem`.
  var descriptor: CInt { folder.number }

  // MARK: Records

  /// What is known of a token; nil if nothing is.
  func record(_ token: String) -> FreezeRecord? {
    guard let file = OwnedFile(openat(folder.number, "\(token).json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)),
      let text = contents(of: file.number), let json = try? JSONValue(parsing: text)
    else { return nil }
    return FreezeRecord(json: json)
  }

  /// Replaces the record of its token. Only for whoever holds the lock.
  func write(_ record: FreezeRecord) throws(FreezeError) {
    let (new, name) = ("\(record.token).new", "\(record.token).json")
    guard
      let file = OwnedFile(openat(folder.number, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600))
    else { throw Self.unusable(path, errno) }
    let text = Array((record.json.text + "\n").utf8)
    guard Glibc.write(file.number, text, text.count) == text.count,
      renameat(folder.number, new, folder.number, name) == 0
    else { throw Self.unusable(path, errno) }
  }

  /// The tokens of all records.
  func tokens() -> [String] {
    let suffix = ".json"
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
          String(cString: $0)
        }
      }
      if name.hasSuffix(suffix) { found.append(String(name.dropLast(suffix.count))) }
    }
    return found.sorted()
  }

  /// Forgets a token. Only for whoever holds the lock.
  func remove(_ token: String) {
    for suffix in ["json", "sock", "new", "lock"] { unlinkat(folder.number, "\(token).\(suffix)", 0) }
  }

  /// When a token's record was last written, in seconds since 1970.
  func age(of token: String) -> Duration? {
    var info = stat()
    guard fstatat(folder.number, "\(token).json", &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return .seconds(time(nil) - info.st_mtim.tv_sec)
  }

  // MARK: Locks

  /// Takes the token's lock, until the result is let go; nil if a guard (or a successor) has it.
  func lock(_ token: String) throws(FreezeError) -> OwnedFile? {
    while true {
      guard
        let file = OwnedFile(openat(folder.number, "\(token).lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600))
      else { throw Self.unusable(path, errno) }
      if flock(file.number, LOCK_EX | LOCK_NB) != 0 {
        if errno == EWOULDBLOCK { return nil }
        throw Self.unusable(path, errno)
      }
      // It may have been removed between the two calls.
      var (ours, named) = (stat(), stat())
      if fstat(file.number, &ours) == 0, fstatat(folder.number, "\(token).lock", &named, AT_SYMLINK_NOFOLLOW) == 0,
        ours.st_ino == named.st_ino
      {
        return file
      }
    }
  }

  // MARK: Sockets

  /// The socket at which a guard is asked. Only for whoever holds the lock.
  func listen(_ token: String) throws(FreezeError) -> OwnedFile {
    unlinkat(folder.number, "\(token).sock", 0)
    guard let socket = Self.newSocket(), bind(token, socket, Glibc.bind), Glibc.listen(socket.number, 16) == 0 else {
      throw Self.unusable(path, errno)
    }
    return socket
  }

  /// A connection to the guard of a token; nil if none listens.
  func connect(_ token: String) -> OwnedFile? {
    guard let socket = Self.newSocket() else { return nil }
    // Behind many that a stopped guard has not accepted, one would wait for as long as it is stopped.
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return bind(token, socket, Glibc.connect) ? socket : nil
  }

  private static func newSocket() -> OwnedFile? {
    OwnedFile(socket(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0))
  }

  /// The address by way of our descriptor: a folder's path may be too long for one.
  private func bind(
    _ token: String, _ socket: OwnedFile, _ call: (CInt, UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array("/proc/self/fd/\(folder.number)/\(token).sock".utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call(socket.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    } == 0
  }
}
