import Glibc

/// Who runs PostgreSQL: we ourselves, or the system's user for it if we are root, which PostgreSQL refuses to be.
struct ServerUser: Sendable, Equatable {
  let name: String
  let id: uid_t
  let group: gid_t

  /// The user for this process.
  static func current() throws(EmbeddedPostgresError) -> ServerUser {
    if geteuid() != 0 { return ServerUser(name: userName(geteuid()), id: geteuid(), group: getegid()) }
    guard let entry = getpwnam("postgres") else {
      throw EmbeddedPostgresError(
        .noUser,
        "PostgreSQL refuses to run as root, and there is no user 'postgres' to run it as; create one with "
          + "'useradd --system postgres', or run 'holdfast up' as an ordinary user")
    }
    return ServerUser(name: "postgres", id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }

  /// What to put before a command so that it runs as this user; nothing if we are that user.
  ///
  /// `setpriv` becomes the program, so that the process id is the program's; `runuser` would stay as its parent and open
  /// a PAM session. `posix_spawn` itself can't change the user.
  var prefix: [String] {
    id == geteuid() ? [] : ["setpriv", "--reuid=\(id)", "--regid=\(group)", "--init-groups", "--"]
  }

  /// The first folder on the way to `path` that this user may not enter.
  func closedFolder(onTheWayTo path: String) -> String? {
    guard id != geteuid() else { return nil }
    var folder = ""
    for part in path.split(separator: "/") {
      folder += "/" + part
      var status = stat()
      guard stat(folder, &status) == 0 else { return nil }
      let bit: mode_t = status.st_uid == id ? 0o100 : status.st_gid == group ? 0o010 : 0o001
      if status.st_mode & bit == 0 { return folder }
    }
    return nil
  }
}

/// The name of a user, or its number.
func userName(_ id: uid_t) -> String {
  getpwuid(id).flatMap { $0.pointee.pw_name.map { String(cString: $0) } } ?? "\(id)"
}
