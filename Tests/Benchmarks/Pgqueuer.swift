import Foundation
import TestSupport

/// pgqueuer 1.6 from PyPI, the fastest of the queue libraries with full job semantics that we measured.
struct Pgqueuer {
  struct Result: Decodable {
    /// No-op jobs per second.
    let rate: Double
    /// Milliseconds from the enqueue to the start of the handler.
    let p50: Double
    let p95: Double
  }

  let server: PostgresInstance
  let python: String

  /// Installs pgqueuer into a folder of the user's cache, unless an earlier run did.
  init(server: PostgresInstance) async throws {
    self.server = server
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/tmp") + "/.cache"
    let folder = cache + "/holdfast-benchmarks/pgqueuer-1.6"
    python = folder + "/bin/python"
    if try await runProgram(python, ["-c", "import pgqueuer, asyncpg, uvloop"]).exitCode == 0 { return }
    for command in [
      ["python3", "-m", "venv", folder],
      [python, "-m", "pip", "install", "--quiet", "pgqueuer[asyncpg]==1.6.*", "uvloop"],
    ] {
      let result = try await runProgram(command[0], Array(command.dropFirst()))
      guard result.exitCode == 0 else { throw TestSupportError("cannot install pgqueuer: \(result.errors)") }
    }
  }

  func run(jobs: Int, samples: Int) async throws -> Result {
    let database = try await server.makeDatabase()
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("pgqueuer_noop.py")
    let url = "postgresql://postgres@/\(database)?host=\(server.directory.path)&port=\(server.port)"
    let result = try await runProgram(python, [script.path, url, String(jobs), String(samples)])
    guard result.exitCode == 0 else { throw TestSupportError("pgqueuer failed: \(result.errors)") }
    try await server.sql("DROP DATABASE \"\(database)\"")
    return try JSONDecoder().decode(Result.self, from: Data(result.output.utf8))
  }
}
