import Foundation
public import Glibc

extension PostgresInstance {
  /// The postmaster's pid, or nil when it isn't running.
  public var pid: pid_t? {
    guard let text = try? String(contentsOf: directory.appendingPathComponent("postmaster.pid"), encoding: .utf8),
      let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }), pid > 0, isAlive(pid),
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) == directory.path
    else { return nil }
    return pid
  }

  /// Starts the cluster and returns when it takes connections; recovers first if it was killed.
  public func start() async throws {
    let log = directory.appendingPathComponent("server.log").path
    let result = try await program.run("pg_ctl", ["-D", directory.path, "-l", log, "-w", "-t", "120", "start"])
    guard result.exitCode == 0 else {
      throw TestSupportError("cannot start PostgreSQL in \(directory.path):\n\(self.log.suffix(2000))")
    }
  }

  /// Stops the cluster and returns when it's gone.
  public func stop(_ mode: StopMode = .fast) async throws {
    try await program.run("pg_ctl", ["-D", directory.path, "-m", mode.rawValue, "-w", "-t", "120", "stop"])
      .orThrow("stop PostgreSQL in \(directory.path)")
  }

  /// Stops and starts the cluster; its port and data stay.
  public func restart(_ mode: StopMode = .fast) async throws {
    try await stop(mode)
    try await start()
  }

  /// Kills the postmaster and all its processes at once, as a crash would, and returns when they are gone.
  /// `start()` brings the cluster back.
  public func kill() async throws {
    guard let postmaster = pid else {
      throw TestSupportError("cannot kill PostgreSQL in \(directory.path): it is not running")
    }
    // Or it would start new children while we look for them.
    _ = Glibc.kill(postmaster, SIGSTOP)
    try await eventually("the postmaster's stop") { processStatus(postmaster).map { "TZX".contains($0.state) } ?? true }
    let all = [postmaster] + children(of: postmaster)
    for process in all { _ = Glibc.kill(process, SIGKILL) }
    try await eventually("the end of PostgreSQL's processes") { !all.contains(where: isAlive) }
    // PostgreSQL takes a dead postmaster that nobody waited for yet for a living one; some containers' init never waits.
    if (try? await eventually(within: .seconds(2)) { processStatus(postmaster) == nil }) == nil {
      try FileManager.default.removeItem(at: directory.appendingPathComponent("postmaster.pid"))
    }
  }

  private func children(of parent: pid_t) -> [pid_t] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap { pid_t($0) }.filter { processStatus($0)?.parent == parent }
  }
}

/// Whether a process runs; one that ended and that nobody waited for yet doesn't.
public func isAlive(_ pid: pid_t) -> Bool {
  guard let status = processStatus(pid) else { return false }
  return status.state != "Z" && status.state != "X"
}

/// State and parent out of /proc/<pid>/stat, where the name in parentheses may hold anything.
private func processStatus(_ pid: pid_t) -> (state: Substring, parent: pid_t)? {
  guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
    let end = text.lastIndex(of: ")")
  else { return nil }
  let fields = text[text.index(after: end)...].split(separator: " ")
  guard fields.count > 1, let parent = pid_t(fields[1]) else { return nil }
  return (fields[0], parent)
}
