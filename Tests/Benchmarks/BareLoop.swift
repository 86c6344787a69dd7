import Foundation
import TestSupport

/// What PostgreSQL itself can do: the least SQL that claims and completes persisted steps, driven by pgbench.
/// Every step's completion is on disk before the next batch is claimed.
struct BareLoop {
  let server: PostgresInstance
  let steps: Int

  /// What the steps need of each other.
  enum Shape: String, CaseIterable {
    case diamonds, chains, jobs

    var script: String { self == .jobs ? "jobs.pgbench" : "dag.pgbench" }
  }

  /// Steps per second, from the first claim to the empty queue. Throws unless every step completed exactly once.
  func run(_ shape: Shape, clients: Int) async throws -> Double {
    let database = try await server.makeDatabase()
    let count = "\\set steps \(steps)\n"
    let load = try ["schema.sql", "\(shape.rawValue).sql", "release-roots.sql"].map(text).joined(separator: "\n")
    try await server.sql(count + load, database: database)

    let arguments = [
      "--no-vacuum", "--protocol=prepared", "--client=\(clients)", "--jobs=\(clients)", "--time=600",
      "--file=\(folder.appendingPathComponent(shape.script).path)", server.url(database: database),
    ]
    let begin = ContinuousClock.now
    let result = try await runProgram(server.tool("pgbench"), arguments)
    let time = (ContinuousClock.now - begin) / .seconds(1)
    // Each client ends with the division by zero that says: drained.
    guard result.errors.components(separatedBy: "division by zero").count == clients + 1 else {
      throw TestSupportError("pgbench failed: \(result.errors)")
    }
    let wrong = try await server.sql(count + text("verify.sql"), database: database)
    guard wrong.isEmpty else { throw TestSupportError("the bare loop is wrong: \(wrong)") }
    try await server.sql("DROP DATABASE \"\(database)\"")
    return Double(steps) / time
  }

  private var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("BareLoop")
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
  }
}
