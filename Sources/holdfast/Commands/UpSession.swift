internal import Concurrency
internal import EmbeddedPostgres
internal import Log
internal import PostgresClient
internal import StepEngine
import Synchronization
internal import Terminal

/// What `holdfast up` runs, from the start of PostgreSQL to its end.
struct UpSession: Sendable {
  let postgres: EmbeddedPostgres
  let database: PostgresConfiguration
  let worker: Worker?
  let scheduler: Scheduler
  let grace: Duration
  let greeting: String
  let logger: Logger

  /// Runs until somebody asks for the end; PostgreSQL ends last.
  func run(until stop: StopRequests) async throws {
    let ready = Task { try await bringUp() }
    let result = await Result.catching {
      try await runUntilSignalled(
        stop.signals, grace: grace,
        drain: {
          logger.info("stopping: no more steps are taken; running ones may finish")
          ready.cancel()
          worker?.drain()
          scheduler.drain()
        },
        work: {
          do {
            try await withTaskCancellationHandler {
              try await ready.value
            } onCancel: {
              ready.cancel()
            }
          } catch {
            if stop.count > 0 { return }
            throw error
          }
          try await work()
        })
    }
    await postgres.stop(isUrgent: { stop.count > 1 })
    logger.info("PostgreSQL has ended")
    try result.get()
  }

  private func bringUp() async throws {
    let start = try await postgres.start()
    let connection = try await PostgresConnection.open(database)
    let migration = try await Migrator().migrate(connection)
    try await announceProgram(connection, logger)
    writeText(greeting)
    logger.info(
      "PostgreSQL is ready", ["start": "\(start)", "data": postgres.folder.path, "schema": "\(migration.version)"])
  }

  private func work() async throws {
    // Ends with this function.
    async let _ = postgres.keepRunning()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await scheduler.run() }
      if let worker { group.addTask { try await worker.run() } }
      // Whichever fails ends the other; whichever is drained first waits for it.
      for try await _ in group {}
    }
  }
}

/// The signals that ask for the end, and how many have come: the second means at once, whoever waits at that moment.
final class StopRequests: Sendable {
  /// Each as it comes.
  let signals: AsyncStream<Signal>
  private let counter = Atomic(0)

  /// How many have come so far.
  var count: Int { counter.load(ordering: .relaxed) }

  init(_ source: AsyncStream<Signal>) {
    let (signals, forward) = AsyncStream<Signal>.makeStream()
    self.signals = signals
    // Lives as long as the process does, as the source.
    Task { [weak self] in
      for await signal in source {
        self?.counter.add(1, ordering: .relaxed)
        forward.yield(signal)
      }
    }
  }
}

extension Result where Success == Void, Failure == any Error {
  fileprivate static func catching(_ body: () async throws -> Void) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
