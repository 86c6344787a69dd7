internal import JSON
package import PostgresClient

/// The engine's store in PostgreSQL, for one worker, on one connection.
package final class PostgresWorkerStore: WorkerStore {
  private let connection: PostgresConnection
  /// A call that takes longer than this is given up: the worker has to renew its leases in time. An exchange may say otherwise.
  private let patience: Duration

  /// Takes over an open connection.
  package init(_ connection: sending PostgresConnection, patience: Duration = .seconds(20)) {
    self.connection = connection
    self.patience = patience
  }

  /// False after the connection broke: drop the store and open another.
  package var isUsable: Bool { connection.isUsable }

  package func register(_ profile: WorkerProfile) async throws(StoreError) -> Int32 {
    let labels = JSONValue.object(profile.labels.mapValues { .string($0) })
    let rows = try await query(
      WorkerStatements.register,
      [
        .text(profile.name), .int32(Int32(clamping: profile.slots)), .textArray(profile.kinds), .jsonb(labels.text),
        profile.queues.map { .textArray($0) } ?? .null, .text(profile.host), .int32(profile.processID),
        .text(profile.version), profile.lease.map { .double($0.seconds) } ?? .null,
      ])
    return try read { () throws(PostgresError) in try rows.single().int32(0) }
  }

  package func exchange(_ request: ExchangeRequest) async throws(StoreError) -> ExchangeReply {
    let (outcomes, details) = encode(request.reports)
    let exchange = PostgresRequest(
      WorkerStatements.exchange,
      [
        .int32(request.worker), .int64Array(request.reports.map(\.step.id.value)),
        .int64Array(request.reports.map(\.step.fence.value)), outcomes, details,
        .int32(Int32(clamping: request.want)), .bool(request.idle), .int32Array(Array(request.marks.keys)),
        .int64Array(Array(request.marks.values)), .int32(request.afterLane),
      ])
    // One round trip and one commit: the lines are kept if and only if the reports are.
    var requests: [PostgresRequest] = []
    if !request.log.isEmpty {
      requests.append(
        PostgresRequest(
          WorkerStatements.appendLog,
          [
            .int64Array(request.log.map(\.step.id.value)), .int64Array(request.log.map(\.step.fence.value)),
            .int32Array(request.log.map(\.number)), .textArray(request.log.map(\.text)),
          ]))
    }
    if !request.progress.isEmpty {
      requests.append(
        PostgresRequest(
          WorkerStatements.putProgress,
          [
            .int64Array(request.progress.map(\.step.id.value)), .int64Array(request.progress.map(\.step.fence.value)),
            .jsonbArray(request.progress.map(\.text)),
          ]))
    }
    let patience = patience * request.patience
    guard !requests.isEmpty else {
      return try decode(try await query(exchange.statement, exchange.parameters, within: patience))
    }
    do {
      let results = try await connection.pipeline(requests + [exchange], until: .now + patience)
      guard let rows = results.last else { throw StoreError(.rejected, "PostgreSQL answered nothing to an exchange.") }
      return try decode(rows)
    } catch let error as PostgresError {
      throw StoreError(error)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.rejected, "\(error)")
    }
  }

  package func heartbeat(_ request: HeartbeatRequest) async throws(StoreError) -> HeartbeatReply {
    let rows = try await query(
      WorkerStatements.heartbeat,
      [
        .int32(request.worker), .int64Array(request.held.map(\.id.value)), .int64Array(request.held.map(\.fence.value)),
        .bool(request.isDraining), .bool(request.reconcile),
      ])
    return try read { () throws(PostgresError) in
      var reply = HeartbeatReply()
      for row in rows {
        guard let id = try row.optionalInt64(0) else {
          reply.isRetired = true
          continue
        }
        let step = HeldStep(id: StepID(id), fence: Fence(try row.int64(1)))
        reply.stops.append(.init(step: step, isStale: try row.bool(2), reason: try row.string(3)))
      }
      return reply
    }
  }

  package func tick() async throws(StoreError) -> Duration {
    let rows = try await query(WorkerStatements.tick, [])
    return try read { () throws(PostgresError) in .milliseconds(try rows.single().int32(0)) }
  }

  package func bodies(_ ids: [Int64]) async throws(StoreError) -> [StepBody] {
    let rows = try await query(WorkerStatements.bodies, [.int64Array(ids)])
    return try read { () throws(PostgresError) in
      var bodies: [StepBody] = []
      for row in rows {
        let with = try row.optionalString(2).flatMap { try? JSONValue(parsing: $0) } ?? [:]
        let template = try row.optionalString(3).flatMap { try? JSONValue(parsing: $0) }
        bodies.append(StepBody(id: try row.int64(0), uses: try row.string(1), with: with, template: template))
      }
      return bodies
    }
  }

  package func leave(worker: Int32) async throws(StoreError) -> Int {
    let rows = try await query(WorkerStatements.leave, [.int32(worker)])
    return try read { () throws(PostgresError) in Int(try rows.single().int32(0)) }
  }

  /// The last calls of a worker that was cancelled: reports what is done, as long as there is a `next` exchange, and hands
  /// back the rest, shielded from that very cancellation. Reports for three times as long as one call may take at most.
  /// Returns how many steps went back; nil if the store could not be told, and their leases have to run out.
  func handOver(
    worker: Int32, next: () -> ExchangeRequest?, ended: (ExchangeRequest, Result<ExchangeReply, StoreError>) -> Void
  ) async -> Int? {
    try? await connection.shielded { _ in
      let end = ContinuousClock.now + patience * 3
      while ContinuousClock.now < end, let request = next() {
        do throws(StoreError) {
          let reply = try await exchange(request)
          ended(request, .success(reply))
        } catch {
          ended(request, .failure(error))
          guard error.tookTooLong else { break }
          // The leases have to last for what is left.
          _ = try? await heartbeat(HeartbeatRequest(worker: worker, held: [], isDraining: true, reconcile: false))
        }
      }
      return try await leave(worker: worker)
    }
  }

  // MARK: - Helpers

  private func query(
    _ statement: PostgresStatement, _ parameters: [PostgresValue], within patience: Duration? = nil
  ) async throws(StoreError) -> PostgresRows {
    let deadline = ContinuousClock.now + (patience ?? self.patience)
    do { return try await connection.query(statement, parameters, until: deadline) } catch {
      throw StoreError(error)
    }
  }

  private func read<T>(_ body: () throws(PostgresError) -> T) throws(StoreError) -> T {
    do { return try body() } catch { throw StoreError(error) }
  }

  private func decode(_ rows: PostgresRows) throws(StoreError) -> ExchangeReply {
    try read { () throws(PostgresError) in
      var reply = ExchangeReply()
      reply.claimed.reserveCapacity(rows.count)
      for row in rows {
        let what = try row.string(0)
        guard what != "retire" else {
          reply.isRetired = true
          continue
        }
        let step = HeldStep(id: StepID(try row.int64(1)), fence: Fence(try row.int64(2)))
        guard what == "step" else {
          reply.stale.append(step)
          continue
        }
        reply.claimed.append(
          ClaimedStep(
            step: step, lane: try row.int32(3), sequence: try row.int64(4), body: try row.int64(5),
            name: try row.string(6), attempt: Int(try row.int32(7)), wakes: Int(try row.int32(8)),
            timeLimit: try row.optionalInt64(9).map { .milliseconds($0) }, item: try row.optionalString(10),
            context: try row.optionalString(11), payload: try row.optionalString(12)))
      }
      return reply
    }
  }

  /// The reports' outcomes and details; both NULL when every step just succeeded, which the store does fastest.
  private func encode(_ reports: [StepReport]) -> (outcomes: PostgresValue, details: PostgresValue) {
    if reports.allSatisfy({ $0.result == .succeeded(outputs: nil) }) { return (.null, .null) }
    return (.textArray(reports.map(\.result.outcome)), .jsonbArray(reports.map(\.result.detail)))
  }
}

extension StepResult {
  var outcome: String {
    switch self {
    case .succeeded: "succeeded"
    case .skipped: "skipped"
    case .failed: "failed"
    case .wait: "wait"
    case .returned: "returned"
    case .cancelled: "cancelled"
    }
  }

  /// What settle.sql reads, as JSON text.
  var detail: String? {
    switch self {
    case .succeeded(let outputs): return outputs
    case .skipped, .returned, .cancelled: return nil
    case .failed(let failure):
      var members: [String: JSONValue] = ["message": .string(failure.message)]
      switch failure.kind {
      case .retryable: members["class"] = "retryable"
      case .permanent: members["class"] = "permanent"
      case .throttled(let after):
        members["class"] = "throttled"
        if let after { members["retryAfter"] = .double(after.seconds) }
      }
      return JSONValue.object(members).text
    case .wait(let wait):
      var members: [String: JSONValue] = ["reason": .string(wait.reason)]
      if let after = wait.wakeAfter { members["wakeAfter"] = .double(after.seconds) }
      if let signal = wait.signal { members["signal"] = .string(signal) }
      return JSONValue.object(members).text
    }
  }
}

extension Duration {
  /// As a fraction of seconds, for SQL and JSON.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
