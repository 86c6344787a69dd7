public import Foundation
import Glibc

/// A private PostgreSQL cluster for tests: its own data folder, its own socket, no other user of the machine's cluster.
///
/// It ends with the process, however that ends. PostgreSQL refuses to run as root, so root runs it as `postgres`.
public final class PostgresInstance: Sendable {
  /// What a commit survives.
  public enum Durability: Sendable {
    /// No fsync: fast, and still whole after `kill()`, as the operating system lives on. For ordinary tests.
    case fast
    /// PostgreSQL's own defaults. For fault tests and benchmarks.
    case durable
  }

  /// How `stop` asks.
  public enum StopMode: String, Sendable {
    /// Sessions are cut, then everything is written.
    case fast
    /// Sessions are cut and nothing is written; the next start recovers from the WAL.
    case immediate
  }

  /// The cluster's data folder, also the folder of its socket.
  public let directory: URL
  /// The port: part of the socket's name, and the TCP port on 127.0.0.1 if `tcp` was asked for.
  public let port: Int
  let program: ServerProgram

  /// The cluster that the tests of this process share, started when first asked for. Make a database of your own in it.
  public static var shared: PostgresInstance {
    get async throws { try await sharedTask.value }
  }
  private static let sharedTask = Task { try await PostgresInstance() }

  /// Makes a cluster and starts it.
  ///
  /// - Parameters:
  ///   - settings: Lines of postgresql.conf; they win over ours.
  ///   - hba: Lines put in front of pg_hba.conf, which otherwise trusts everybody.
  ///   - tcp: Listen on 127.0.0.1, too, at a free `port`.
  public init(
    durability: Durability = .fast, settings: [String: String] = [:], hba: [String] = [], tcp: Bool = false
  ) async throws {
    program = try ServerProgram(folder: try Self.binaries())
    directory = Scratch.root.appendingPathComponent("pg\(Scratch.nextNumber())")
    let template = try await Self.template.value
    // Not before the wait: the port is ours for a short time only.
    port = tcp ? try freePort() : 5432
    try program.makeFolder(directory)
    try await program.run("cp", ["-a", template.path + "/.", directory.path]).orThrow("copy a cluster")

    var lines = [
      "listen_addresses = '\(tcp ? "127.0.0.1" : "")'", "port = \(port)",
      "unix_socket_directories = '\(directory.path)'",
      "logging_collector = off", "max_connections = 200", "timezone = 'UTC'",
    ]
    if durability == .fast { lines += ["fsync = off", "full_page_writes = off"] }
    lines += settings.sorted { $0.key < $1.key }
      .map { "\($0.key) = '\($0.value.replacingOccurrences(of: "'", with: "''"))'" }
    try append(lines, to: "postgresql.conf")
    try write(hba + ["local all all trust", "host all all 127.0.0.1/32 trust"], to: "pg_hba.conf")
    try await start()
  }

  deinit {
    // Nobody can wait here; the folder goes with the process.
    if let pid { _ = Glibc.kill(pid, SIGQUIT) }
  }

  /// How to reach a database through the socket.
  public func url(database: String = "postgres", user: String = "postgres") -> String {
    let host = directory.path.replacingOccurrences(of: "/", with: "%2F")
    return "postgresql://\(user)@\(host):\(port)/\(database)"
  }

  /// How to reach a database over TCP; needs `tcp: true`.
  public func tcpURL(database: String = "postgres", user: String = "postgres") -> String {
    "postgresql://\(user)@127.0.0.1:\(port)/\(database)"
  }

  /// Makes a new empty database and returns its name.
  public func makeDatabase(_ name: String? = nil) async throws -> String {
    let name = name ?? "test_\(Scratch.nextNumber())"
    try await sql("CREATE DATABASE \"\(name)\"")
    return name
  }

  /// Runs a script in psql: unaligned rows without headings, and the first error ends it with exit code 3.
  public func psql(
    _ script: String, database: String = "postgres", user: String = "postgres"
  ) async throws -> ProgramResult {
    let arguments = ["-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-", url(database: database, user: user)]
    return try await runProgram(program.path("psql"), arguments, input: script)
  }

  /// Runs a script in psql and returns what it printed, without the last newline; throws what psql complained about.
  @discardableResult
  public func sql(_ script: String, database: String = "postgres", user: String = "postgres") async throws -> String {
    let result = try await psql(script, database: database, user: user).orThrow("run SQL in \(database)")
    return result.output.trimmingCharacters(in: .newlines)
  }

  /// The path of one of this PostgreSQL's programs, such as `pgbench`.
  public func tool(_ name: String) -> String { program.path(name) }

  /// What the server wrote to its log so far.
  public var log: String {
    (try? String(contentsOf: directory.appendingPathComponent("server.log"), encoding: .utf8)) ?? ""
  }

  /// The newest server in Debian's folders, else what pg_config says.
  private static func binaries() throws -> String {
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
    let newest = versions.compactMap(Int.init).sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
    let others = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    guard
      let found = (newest + others).first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") })
    else { throw TestSupportError("PostgreSQL's initdb is not installed: apt-get install postgresql") }
    return found
  }

  /// A cluster that was initialised once and is copied for each instance.
  private static let template = Task {
    let folder = Scratch.root.appendingPathComponent("template")
    let program = try ServerProgram(folder: binaries())
    try program.makeFolder(folder)
    let options = ["-D", folder.path, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try await program.run("initdb", options).orThrow("initialise a cluster")
    return folder
  }

  private func append(_ lines: [String], to file: String) throws {
    let handle = try FileHandle(forWritingTo: directory.appendingPathComponent(file))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    try handle.close()
  }

  private func write(_ lines: [String], to file: String) throws {
    let handle = try FileHandle(forWritingTo: directory.appendingPathComponent(file))
    try handle.truncate(atOffset: 0)
    try handle.close()
    try append(lines, to: file)
  }
}
