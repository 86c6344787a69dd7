import Foundation
import TestSupport

/// How many steps a second: the engine beside bare SQL and beside the fastest library, on one and the same cluster.
struct EngineBenchmark {
  var rounds = 3
  var steps = 100_000
  var jobs = 30_000
  var samples = 200

  /// Nothing disturbs a run (no checkpoint within it), and a commit is on disk before it returns.
  static let settings = [
    "shared_buffers": "1GB", "max_wal_size": "8GB", "min_wal_size": "2GB", "checkpoint_timeout": "1h",
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off",
  ]

  func run() async throws -> String {
    let server = try await PostgresInstance(durability: .durable, settings: Self.settings)
    let version = try await server.sql("SHOW server_version")
    let shown = Self.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    let cores = ProcessInfo.processInfo.activeProcessorCount
    var table = Table()

    let bare = BareLoop(server: server, steps: steps)
    for shape in BareLoop.Shape.allCases {
      for clients in [1, 2] {
        let name = "bare SQL, \(shape), \(clients) client\(clients > 1 ? "s" : "")"
        var values: [Double] = []
        for _ in 0..<rounds { values.append(try await bare.run(shape, clients: clients)) }
        table.add(Measurement(name: name, unit: "steps/s", values: values, baseline: "bare SQL, diamonds, 2 clients"))
      }
    }

    let pgqueuer = try await Pgqueuer(server: server)
    var results: [Pgqueuer.Result] = []
    for _ in 0..<rounds { results.append(try await pgqueuer.run(jobs: jobs, samples: samples)) }
    let name = "pgqueuer 1.6, batch 100"
    table.add(
      Measurement(name: name, unit: "steps/s", values: results.map(\.rate), baseline: "bare SQL, diamonds, 2 clients"))
    table.add(Measurement(name: name + ", latency p50", unit: "ms", values: results.map(\.p50)))
    table.add(Measurement(name: name + ", latency p95", unit: "ms", values: results.map(\.p95)))

    try await server.stop()
    return """
      PostgreSQL \(version) on \(cores) cores shared with the clients: \(shown)
      \(rounds) rounds of \(steps) steps in batches of 100; every step verified to have completed exactly once

      \(table.text)
      """
  }
}
