import Foundation
import JSON
import Log
import PostgresClient
import StepEngine
import Synchronization
import TestSupport

/// How long a step waits on an idle system until its kind runs in a worker.
struct PickUpLatency {
  let server: PostgresInstance

  /// Milliseconds, sorted.
  struct Times {
    /// From before the submit is sent.
    var sinceSent: [Double] = []
    /// From the submit's answer, which comes when it is committed; zero if the step was faster.
    var sinceCommitted: [Double] = []
  }

  /// The times of `samples` submits.
  func run(samples: Int) async throws -> Times {
    let database = try await EngineLoad(server: server).makeDatabase()
    let configuration = try PostgresConfiguration(server.url(database: database))
    let kind = ArrivalKind()
    var options = Worker.Options()
    options.listenDatabase = configuration
    let worker = Worker(
      database: configuration, profile: WorkerProfile(name: "latency", slots: 16, kinds: []), kinds: [kind],
      options: options, logger: Logger(level: .error))
    let running = Task { try await worker.run() }
    let client = EngineClient(pool: PostgresPool(configuration, size: 1))
    try await Task.sleep(for: .seconds(1))

    var times = Times()
    let plan: JSONValue = ["workflow": "latency", "steps": [["name": "s", "uses": "arrival"]]]
    for number in 0..<samples + 20 {
      let begin = ContinuousClock.now
      _ = try await client.submit(plan)
      let committed = ContinuousClock.now
      let arrived = await kind.next()
      // The first ones warm plans and caches.
      if number >= 20 {
        times.sinceSent.append((arrived - begin) / .milliseconds(1))
        times.sinceCommitted.append(max(0, (arrived - committed) / .milliseconds(1)))
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    worker.drain()
    try await running.value
    times.sinceSent.sort()
    times.sinceCommitted.sort()
    return times
  }
}

/// Notes when it runs.
private final class ArrivalKind: StepKind {
  let name = "arrival"
  private let arrivals: AsyncStream<ContinuousClock.Instant>
  private let note: AsyncStream<ContinuousClock.Instant>.Continuation

  init() { (arrivals, note) = AsyncStream.makeStream() }

  func run(_ step: StepContext) async throws -> StepOutcome {
    note.yield(.now)
    return .succeeded(outputs: nil)
  }

  func next() async -> ContinuousClock.Instant {
    for await arrival in arrivals { return arrival }
    return .now
  }
}
