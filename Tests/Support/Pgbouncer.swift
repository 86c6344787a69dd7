public import Foundation
import Glibc

/// A pgbouncer in front of a `PostgresInstance`, for tests of what works through a transaction pooler.
/// It ends with the process.
public final class Pgbouncer: Sendable {
  /// The folder of its configuration, log and socket.
  public let directory: URL
  private let server: PostgresInstance

  /// Starts one in transaction mode.
  ///
  /// - Parameters:
  ///   - users: Who may connect; they are trusted.
  ///   - settings: Lines of the section `[pgbouncer]`; they win over ours.
  public init(
    for server: PostgresInstance, users: [String] = ["postgres"], settings: [String: String] = [:]
  ) async throws {
    self.server = server
    directory = Scratch.root.appendingPathComponent("pgbouncer\(Scratch.nextNumber())")
    let program = try ServerProgram(folder: "/usr/sbin")
    try program.makeFolder(directory)

    var values = [
      "unix_socket_dir": directory.path, "listen_port": "6432", "pool_mode": "transaction", "auth_type": "trust",
      "auth_file": path("users.txt"), "logfile": path("pgbouncer.log"), "pidfile": path("pgbouncer.pid"),
      "max_client_conn": "200", "default_pool_size": "10", "admin_users": "postgres",
    ]
    values.merge(settings) { $1 }
    let lines =
      ["[databases]", "* = host=\(server.directory.path) port=\(server.port)", "[pgbouncer]"]
      + values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    try write(lines, to: "pgbouncer.ini")
    try write(users.map { "\"\($0)\" \"\"" }, to: "users.txt")

    let started = try await program.run("pgbouncer", ["-d", path("pgbouncer.ini")], directory: directory)
    try started.orThrow("start pgbouncer")
    let socket = path(".s.PGSQL.6432")
    try await eventually("pgbouncer's start") { FileManager.default.fileExists(atPath: socket) }
  }

  deinit {
    if let pid { _ = Glibc.kill(pid, SIGQUIT) }
  }

  /// How to reach a database of the server through the pooler.
  public func url(database: String = "postgres", user: String = "postgres") -> String {
    "postgresql://\(user)@\(directory.path.replacingOccurrences(of: "/", with: "%2F")):6432/\(database)"
  }

  /// Ends the pooler at once; its clients' connections break.
  public func stop() async throws {
    guard let pid else { return }
    _ = Glibc.kill(pid, SIGQUIT)
    try await eventually("pgbouncer's end") { !isAlive(pid) }
  }

  private var pid: pid_t? {
    guard let text = try? String(contentsOfFile: path("pgbouncer.pid"), encoding: .utf8),
      let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), isAlive(pid),
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")) == directory.path
    else { return nil }
    return pid
  }

  private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  private func write(_ lines: [String], to file: String) throws {
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: directory.appendingPathComponent(file))
  }
}
