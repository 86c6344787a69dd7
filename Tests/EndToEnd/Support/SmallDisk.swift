import Foundation
import Glibc
import TestSupport

/// A cluster whose tables (not its WAL) lie on a small file system of their own, which goes away with the cluster: it is
/// mounted in a mount namespace that only the cluster is in.
struct SmallDisk {
  let postgres: PostgresInstance
  private var folder: String { "/proc/\(postgres.pid ?? 0)/root\(postgres.directory.path)/base" }

  /// Nil where this machine does not let us mount.
  init?(megabytes: Int) async throws {
    let probe = try await runProgram("/usr/bin/unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
    guard getuid() == 0, probe.exitCode == 0 else { return nil }
    postgres = try await PostgresInstance(durability: .durable)
    try await postgres.stop()
    let data = postgres.directory.path
    let result = try await runProgram(
      "/usr/bin/unshare",
      [
        "-m", "--propagation", "private", "sh", "-e", "-c",
        """
        cp -a '\(data)/base' '\(data)/base.before'
        mount -t tmpfs -o size=\(megabytes)m none '\(data)/base'
        cp -a '\(data)/base.before/.' '\(data)/base/'
        chown postgres: '\(data)/base'; chmod 700 '\(data)/base'
        cd '\(data)'
        setpriv --reuid=postgres --regid=postgres --init-groups -- '\(postgres.tool("pg_ctl"))' -D '\(data)' -l server.log -w start
        """,
      ])
    guard result.exitCode == 0 else {
      throw TestSupportError("cannot start on a small disk: \(result.errors)\(result.output)")
    }
  }

  /// Takes all the room that is left.
  func fill() async throws {
    _ = try await runProgram("/bin/sh", ["-c", "cat /dev/zero > '\(folder)/ballast'"])
    guard FileManager.default.fileExists(atPath: folder + "/ballast") else {
      throw TestSupportError("cannot fill \(folder)")
    }
  }

  /// Gives it back.
  func free() async throws { try FileManager.default.removeItem(atPath: folder + "/ballast") }
}
