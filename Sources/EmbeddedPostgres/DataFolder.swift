import Glibc

/// The folder of the embedded PostgreSQL: where everything in it is, and whether it may be used.
///
///     holdfast.lock   held by the `holdfast up` that serves the folder
///     postgres/       the cluster
///     postgres.log    what PostgreSQL says; the part before it grew too long is postgres.log.old
///     socket          a folder for the socket, or a link to one where this path is too long for a socket
public struct DataFolder: Sendable, Equatable {
  /// Its absolute path.
  public let path: String

  var cluster: String { path + "/postgres" }
  var lock: String { path + "/holdfast.lock" }
  var log: String { path + "/postgres.log" }
  var socket: String { path + "/socket" }
  /// What the names of unfinished clusters begin with.
  static let unfinishedPrefix = "postgres.new-"

  /// The folder at `path`, relative to the working directory unless it begins with a slash. Touches nothing.
  public init(_ path: String) {
    var path = path
    if !path.hasPrefix("/") { path = workingDirectory() + "/" + path }
    self.path = "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  /// Where the folder is if nobody says otherwise: `$XDG_DATA_HOME/holdfast`, else `/var/lib/holdfast` for root and
  /// `~/.local/share/holdfast` for anyone else.
  public static func standard(environment: (String) -> String?) throws(EmbeddedPostgresError) -> DataFolder {
    // A relative XDG_DATA_HOME is to be ignored, says its specification.
    if let base = environment("XDG_DATA_HOME"), base.hasPrefix("/") { return DataFolder(base + "/holdfast") }
    if geteuid() == 0 { return DataFolder("/var/lib/holdfast") }
    guard let home = environment("HOME"), home.hasPrefix("/") else {
      throw EmbeddedPostgresError(.folder, "there is no HOME to keep data in; say where with --data DIR")
    }
    return DataFolder(home + "/.local/share/holdfast")
  }

  /// Makes the folder if there is none, and checks that it is ours.
  func prepare(for user: ServerUser) throws(EmbeddedPostgresError) {
    guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw EmbeddedPostgresError(
        .folder, "the data folder's name holds a control character; choose another with --data DIR")
    }
    try makeFolders()
    guard let status = fileStatus(path + "/"), status.isFolder else {
      throw EmbeddedPostgresError(.folder, "\(path) is not a folder; choose another with --data DIR")
    }
    guard status.st_uid == geteuid() else {
      throw EmbeddedPostgresError(
        .folder,
        "the data folder \(path) belongs to the user \(userName(status.st_uid)); run 'holdfast up' as that user, or choose "
          + "another folder with --data DIR")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw EmbeddedPostgresError(
        .folder, "others may write to the data folder \(path); close it with: chmod go-w '\(path)'")
    }
    let content = names(in: path).filter { $0 != "lost+found" }
    guard content.isEmpty || fileStatus(lock) != nil else {
      throw EmbeddedPostgresError(
        .folder,
        "\(path) holds other files (\(content.sorted()[0]) …) and was not made by 'holdfast up'; choose an empty or a new "
          + "folder with --data DIR")
    }
    if let closed = user.closedFolder(onTheWayTo: path) {
      throw EmbeddedPostgresError(
        .folder,
        "PostgreSQL runs as the user \(user.name), who may not enter \(closed); choose another folder with --data DIR, such "
          + "as /var/lib/holdfast")
    }
  }

  private func makeFolders() throws(EmbeddedPostgresError) {
    var folder = ""
    for part in path.split(separator: "/") {
      folder += "/" + part
      let isLast = folder == path
      // The server's user has to get through it, too, if that is not us.
      let mode: mode_t = isLast ? geteuid() == 0 ? 0o711 : 0o700 : 0o755
      guard mkdir(folder, mode) == 0 || errno == EEXIST || (!isLast && fileStatus(folder) != nil) else {
        throw EmbeddedPostgresError(errno: errno, "make the folder", folder)
      }
    }
  }
}

private func workingDirectory() -> String {
  guard let path = getcwd(nil, 0) else { return "" }
  defer { free(path) }
  return String(cString: path)
}
