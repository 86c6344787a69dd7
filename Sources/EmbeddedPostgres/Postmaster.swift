internal import Concurrency
import Glibc

/// A running PostgreSQL of a cluster, as the cluster's postmaster.pid and /proc tell of it.
struct Postmaster: Sendable {
  enum Phase: Sendable { case starting, ready, stopping }

  let handle: ProcessHandle
  let phase: Phase
  /// Where its socket is, once it is known.
  let socketFolder: String?

  static func file(of cluster: String) -> String { cluster + "/postmaster.pid" }

  /// The one that runs; nil if none does, whatever postmaster.pid says.
  static func running(in cluster: String) -> Postmaster? {
    guard let text = readText(file(of: cluster)) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // The handle first: once it is there, its id can't be given to another process unnoticed.
    guard let pid = lines.first.flatMap({ pid_t($0) }), pid > 1, let handle = ProcessHandle(pid),
      isServer(pid, of: cluster)
    else { return nil }
    let word = lines.count > 7 ? lines[7].split(separator: " ").first : nil
    let phase: Phase = word == "ready" ? .ready : word == "stopping" ? .stopping : .starting
    let socketFolder = lines.count > 4 && lines[4].hasPrefix("/") ? String(lines[4]) : nil
    return Postmaster(handle: handle, phase: phase, socketFolder: socketFolder)
  }

  /// Server processes that still work on the cluster though their postmaster is gone.
  static func orphans(of cluster: String) -> [ProcessHandle] {
    names(in: "/proc").compactMap { pid_t($0) }.compactMap { pid in
      guard isServer(pid, of: cluster), let handle = ProcessHandle(pid), isServer(pid, of: cluster) else { return nil }
      return handle
    }
  }

  /// Whether a process is a PostgreSQL of the cluster: it works in the cluster's folder.
  ///
  /// Root in a container may be forbidden to see that of others; then a postmaster's command line has to tell.
  static func isServer(_ pid: pid_t, of cluster: String) -> Bool {
    guard readText("/proc/\(pid)/comm") == "postgres\n" else { return false }
    var (folder, work) = (stat(), stat())
    guard stat(cluster, &folder) == 0 else { return false }
    if stat("/proc/\(pid)/cwd", &work) == 0 { return work.st_dev == folder.st_dev && work.st_ino == folder.st_ino }
    guard errno == EACCES else { return false }
    let arguments = readText("/proc/\(pid)/cmdline")?.split(separator: "\0") ?? []
    return zip(arguments, arguments.dropFirst()).contains { $0 == "-D" && $1 == cluster }
  }
}
