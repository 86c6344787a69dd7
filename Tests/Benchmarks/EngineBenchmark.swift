import Foundation
import TestSupport

/// How many steps a second: the engine beside bare SQL and beside the fastest library, on one and the same cluster.
struct EngineBenchmark {
  var rounds = 3
  var steps = 100_000
  var jobs = 30_000
  var samples = 500
  /// How long a transaction is held open.
  var heldSeconds = 60

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

    try await addEngine(server, &table)
    try await server.stop()
    return """
      PostgreSQL \(version) on \(cores) cores shared with the clients: \(shown)
      \(rounds) rounds of \(steps) steps in batches of 100; every step verified to have completed exactly once

      \(table.text)
      """
  }

  /// The engine's own rows, on the same server.
  private func addEngine(_ server: PostgresInstance, _ table: inout Table) async throws {
    let load = EngineLoad(server: server)
    let limit = "bare SQL, diamonds, 2 clients"
    func measure(_ name: String, _ shape: EngineLoad.Shape, _ stepsPerRun: Int, workers: Int, _ baseline: String)
      async throws
      -> [Double]
    {
      var rates: [EngineLoad.Rates] = []
      for _ in 0..<rounds {
        rates.append(try await load.run(shape, steps: steps, stepsPerRun: stepsPerRun, workers: workers))
      }
      table.add(Measurement(name: name, unit: "steps/s", values: rates.map(\.done), baseline: baseline))
      return rates.map(\.submitted)
    }
    _ = try await measure("engine, diamonds, runs of 100 steps, 1 worker", .diamonds, 100, workers: 1, limit)
    _ = try await measure("engine, diamonds, runs of 100 steps, 2 workers", .diamonds, 100, workers: 2, limit)
    _ = try await measure("engine, diamonds, runs of 4 steps, 2 workers", .diamonds, 4, workers: 2, limit)
    _ = try await measure(
      "engine, chains of 100, 2 workers", .chains, 100, workers: 2, "bare SQL, chains, 2 clients")
    let submitted = try await measure(
      "engine, diamonds, runs of 1,000 steps, 2 workers", .diamonds, 1000, workers: 2, limit)
    table.add(Measurement(name: "engine, submit of 1,000-step runs, 2 clients", unit: "steps/s", values: submitted))

    let latency = try await PickUpLatency(server: server).run(samples: samples)
    for (name, times) in [("committed", latency.sinceCommitted), ("sent", latency.sinceSent)] {
      for (percentile, share) in [("p50", 0.5), ("p99", 0.99)] {
        let value = times[min(times.count - 1, Int(Double(times.count) * share))]
        table.add(
          Measurement(name: "engine, idle, submit \(name) to step running, \(percentile)", unit: "ms", values: [value]))
      }
    }

    let cost = ClaimCost(server: server)
    let small = "engine, exchange of 100 beside \(ClaimCost.Beside.thousandReady.rawValue)"
    for beside in [ClaimCost.Beside.thousandReady, .millionReady, .millionParked] {
      let times = try await cost.run(beside, rounds: 300)
      let median = times.sorted()[times.count / 2]
      table.add(
        Measurement(
          name: "engine, exchange of 100 beside \(beside.rawValue)", unit: "ms", values: [median], baseline: small))
    }

    let held = try await HeldTransaction(server: server).run(seconds: heldSeconds)
    let free = "engine, chains, 1 worker, after \(heldSeconds) s"
    table.add(Measurement(name: free, unit: "steps/s", values: [held.free], baseline: free))
    table.add(
      Measurement(
        name: free + " beside an open transaction", unit: "steps/s", values: [held.held], baseline: free))
  }
}
