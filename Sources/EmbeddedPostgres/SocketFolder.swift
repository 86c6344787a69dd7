import Glibc

/// Where the socket is: in the data folder, or in a private folder of /tmp or /run that the data folder links to.
enum SocketFolder {
  static let port = 5432

  /// The socket in `folder`, and the file beside it that names the process which has it.
  static func socket(in folder: String) -> String { "\(folder)/.s.PGSQL.\(port)" }
  static func lock(in folder: String) -> String { socket(in: folder) + ".lock" }

  /// Finds or makes the folder for the socket.
  static func prepare(in folder: DataFolder, owner: ServerUser) throws(EmbeddedPostgresError) -> String {
    if let status = fileStatus(folder.socket) {
      if status.isFolder, status.st_uid == owner.id, fits(folder.socket) { return folder.socket }
      if status.isLink, let target = linkTarget(folder.socket), isPrivate(target, owner), fits(target) { return target }
      // The data folder was moved, or what the link names is gone; neither holds anything but a socket.
      if status.isFolder { removeTree(folder.socket) } else { unlink(folder.socket) }
    }
    if fits(folder.socket) {
      try makePrivateFolder(folder.socket, owner: owner)
      return folder.socket
    }
    let target = try makeElsewhere(owner)
    guard symlink(target, folder.socket) == 0 else {
      throw EmbeddedPostgresError(errno: errno, "write", folder.socket)
    }
    return target
  }

  /// A socket's path may have 107 bytes. A comma would make two folders of it, for the server as for clients, and quotes
  /// mean something in the server's settings.
  static func fits(_ folder: String) -> Bool {
    let path = socket(in: folder)
    let special = Set("\"',\\".utf8)
    return path.utf8.count <= 107 && !path.utf8.contains(where: special.contains)
  }

  /// /run/user would be nearer for an ordinary user, but it goes away when they log out.
  private static func makeElsewhere(_ owner: ServerUser) throws(EmbeddedPostgresError) -> String {
    for base in geteuid() == 0 ? ["/run", "/tmp"] : ["/tmp"] {
      var template = Array("\(base)/holdfast-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { continue }
      let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard lchown(path, owner.id, owner.group) == 0 else { continue }
      return path
    }
    throw EmbeddedPostgresError(errno: errno, "make a folder for the socket in", "/tmp")
  }

  private static func isPrivate(_ path: String, _ owner: ServerUser) -> Bool {
    guard let status = fileStatus(path) else { return false }
    return status.isFolder && status.st_uid == owner.id && status.st_mode & 0o077 == 0
  }

  private static func linkTarget(_ path: String) -> String? {
    guard let target = realpath(path, nil) else { return nil }
    defer { free(target) }
    return String(cString: target)
  }

  /// How a client reaches a database through the socket in `folder`.
  static func url(_ folder: String, database: String = "holdfast") -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)
    let digits = Array("0123456789ABCDEF")
    let host = folder.utf8.map { byte in
      plain.contains(byte)
        ? String(UnicodeScalar(byte)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }.joined()
    return "postgresql://holdfast@/\(database)?host=\(host)&port=\(port)"
  }
}
