internal import Log
internal import PostgresClient

/// Hears when the engine calls a worker: that there is something to do, or something to stop. Whatever it misses, polling finds.
struct WorkerEar: Sendable {
  let database: PostgresConfiguration
  let logger: Logger
  /// The worker's number, once it has one; another after it has begun anew.
  let worker: @Sendable () -> Int32?
  /// What to do when it is called.
  let called: @Sendable (_ toStop: Bool) -> Void

  /// Listens until it is cancelled; when that fails, it is tried again.
  func listen() async {
    let connector = PostgresConnector(database)
    while !Task.isCancelled {
      do {
        let connection = try await connector.connect { _, _ in }
        try await listen(connection)
      } catch {
        if error.kind == .cancelled { return }
        logger.warning("stopped listening; polling meanwhile", ["error": error.description])
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func listen(_ connection: PostgresConnection) async throws(PostgresError) {
    var channel: Int32?
    while true {
      if let worker = worker(), worker != channel {
        try await connection.listen(["holdfast_worker_\(worker)"])
        channel = worker
        // What came before is seen by looking once.
        called(true)
      }
      let patience: Duration = channel == nil ? .milliseconds(20) : .seconds(5)
      guard let notification = try await connection.nextNotification(until: .now + patience) else {
        if channel != nil { try await connection.ping(until: .now + .seconds(10)) }
        continue
      }
      called(notification.payload == "stop")
    }
  }
}
