import Glibc

/// A path whose filesystem must never be frozen, since something that we need writes there.
public struct ProtectedPath: Sendable, Hashable {
  /// The path; it need not exist yet.
  public let path: String
  /// What it is, for messages: `the repository`.
  public let what: String

  /// A path that must go on being written.
  public init(_ path: String, _ what: String) {
    self.path = path
    self.what = what
  }

  /// What this process itself needs: `/`, its program, and the files that its output goes to.
  static func own() -> [ProtectedPath] {
    var found = [ProtectedPath("/", "the root filesystem")]
    if let program = linkTarget("/proc/self/exe") { found.append(ProtectedPath(program, "Holdfast's own program")) }
    for number in [STDOUT_FILENO, STDERR_FILENO] {
      var info = stat()
      guard fstat(number, &info) == 0, info.st_mode & S_IFMT == S_IFREG,
        let file = linkTarget("/proc/self/fd/\(number)")
      else { continue }
      found.append(ProtectedPath(file, "Holdfast's log"))
    }
    return found
  }

  /// Where the PostgreSQL server of which `process` is a part keeps its data, if it runs on this machine: its data
  /// folder, write-ahead log and tablespaces. Empty if there is no such process of PostgreSQL's here.
  /// - Parameter process: what `pg_backend_pid()` says.
  public static func postgres(serverProcess process: Int32) -> [ProtectedPath] {
    guard let name = smallFile("/proc/\(process)/comm"), name.hasPrefix("postgres"),
      let folder = linkTarget("/proc/\(process)/cwd")
    else { return [] }
    let places = ["pg_wal"] + entries(of: "\(folder)/pg_tblspc").map { "pg_tblspc/\($0)" }
    return ([folder] + places.map { "\(folder)/\($0)" }).map { ProtectedPath($0, "PostgreSQL's data") }
  }
}

/// Whether a filesystem may be frozen.
struct Refusals: Sendable {
  let paths: [ProtectedPath]

  /// - Throws: `FreezeError` if any of the paths lies on `target`, directly or through other layers.
  func check(_ target: MountedFilesystem, at path: String) throws(FreezeError) {
    for protected in paths {
      guard let filesystem = MountedFilesystem(ofPath: protected.path),
        filesystem.devices().contains(target.device)
      else { continue }
      throw FreezeError(
        .refused,
        "The filesystem of '\(path)' (mounted at \(target.mountPoint)) must not be frozen: it holds \(protected.what) (\(protected.path)). Move one of the two to another filesystem."
      )
    }
  }
}
