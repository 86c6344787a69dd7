internal import Concurrency
import Glibc

/// The programs of one installed PostgreSQL.
struct PostgresPrograms: Sendable, Equatable {
  let folder: String
  let major: Int

  /// The oldest version that Holdfast works with.
  static let oldest = 15

  func path(_ name: String) -> String { folder + "/" + name }

  /// What is installed: in the folders of Debian and Red Hat, and what `PATH` finds; newest first.
  static func installed(path: String) async -> [PostgresPrograms] {
    let families = [("/usr/lib/postgresql/", "", "/bin"), ("/usr/", "pgsql-", "/bin")]
    var folders = families.flatMap { base, prefix, suffix in
      names(in: base).filter { $0.hasPrefix(prefix) }.map { base + $0 + suffix }
    }
    for entry in path.split(separator: ":") {
      // Often links to the real folder, beside which PostgreSQL looks for its other files.
      guard let real = realpath("\(entry)/initdb", nil) else { continue }
      defer { free(real) }
      folders.append(String(String(cString: real).dropLast("/initdb".count)))
    }
    var found: [PostgresPrograms] = []
    for folder in folders where access(folder + "/initdb", X_OK) == 0 && access(folder + "/postgres", X_OK) == 0 {
      guard !found.contains(where: { $0.folder == folder }), let major = await major(of: folder) else { continue }
      found.append(PostgresPrograms(folder: folder, major: major))
    }
    return found.sorted { $0.major > $1.major }
  }

  /// The programs for a cluster of this major version, or the newest for a new one.
  static func find(for cluster: Int?, in folder: DataFolder, among installed: [PostgresPrograms])
    throws(EmbeddedPostgresError) -> PostgresPrograms
  {
    if let found = installed.first(where: { $0.major >= oldest && (cluster == nil || $0.major == cluster) }) {
      return found
    }
    guard let cluster else {
      let instead = installed.first.map { "only PostgreSQL \($0.major) is" } ?? "it is not"
      throw EmbeddedPostgresError(
        .notInstalled,
        "PostgreSQL \(oldest) or later has to be installed, and \(instead); on Debian and Ubuntu: apt-get install postgresql; "
          + "or use a PostgreSQL elsewhere with --database URL")
    }
    let others = installed.map { "\($0.major)" }.joined(separator: ", ")
    throw EmbeddedPostgresError(
      .notInstalled,
      "the data in \(folder.path) needs PostgreSQL \(cluster), and installed is \(others.isEmpty ? "none" : others); install "
        + "that version (on Debian and Ubuntu: apt-get install postgresql-\(cluster)) or choose another folder with --data DIR"
    )
  }

  /// What its initdb says: `initdb (PostgreSQL) 15.4`.
  private static func major(of folder: String) async -> Int? {
    var version = ChildProcess(folder + "/initdb", ["--version"], environment: [:])
    version.timeLimit = .seconds(10)
    guard let outcome = try? await version.run(), let word = outcome.output.text.split(separator: " ").last else {
      return nil
    }
    return Int(word.prefix { $0.isNumber })
  }
}
