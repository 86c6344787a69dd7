import Glibc

extension DataFolder {
  /// What a process that does not serve the folder sees of it.
  public enum Service: Sendable, Equatable {
    /// There is no embedded PostgreSQL here.
    case none
    /// There is one, and it does not run.
    case stopped
    /// There is one, and it takes connections at this URL.
    case running(url: String)
    /// The folder is closed to us; it belongs to this user.
    case closed(owner: String)
  }

  /// Looks whether the folder's PostgreSQL runs. Changes nothing.
  public func service() -> Service {
    guard let status = fileStatus(path + "/") else {
      return errno == EACCES ? .closed(owner: "another user") : .none
    }
    guard let cluster = fileStatus(cluster) else {
      return errno == EACCES ? .closed(owner: userName(status.st_uid)) : .none
    }
    guard access(self.cluster, R_OK | X_OK) == 0 else { return .closed(owner: userName(cluster.st_uid)) }
    guard let server = Postmaster.running(in: self.cluster), server.phase != .stopping,
      let socketFolder = server.socketFolder
    else { return .stopped }
    return .running(url: SocketFolder.url(socketFolder))
  }

  /// What is wrong with the access rights of the folder, one sentence each.
  public func openings() -> [String] {
    [(path, 0o022), (cluster, 0o077), (socket, 0o077)].compactMap { (place: String, forbidden: mode_t) in
      var status = stat()
      guard stat(place, &status) == 0, status.st_mode & forbidden != 0 else { return nil }
      return
        "others may enter or change \(place); close it with: chmod go-\(forbidden == 0o022 ? "w" : "rwx") '\(place)'"
    }
  }
}
