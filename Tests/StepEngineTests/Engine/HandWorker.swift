import JSON
import PostgresClient
import StepEngine
import TestSupport

/// A worker as the store sees it, moved by hand: it claims, reports and renews when a test says so, and never else.
final class HandWorker {
  let id: Int32
  private let store: PostgresWorkerStore

  init(
    _ engine: Engine, name: String = "hand", kinds: [String], slots: Int = 100, lease: Duration = .seconds(30),
    labels: [String: String] = [:]
  ) async throws {
    store = try await engine.store()
    id = try await store.register(WorkerProfile(name: name, slots: slots, kinds: kinds, labels: labels, lease: lease))
  }

  func exchange(_ reports: [StepReport] = [], want: Int = 0, afterLane: Int32 = 0) async throws -> ExchangeReply {
    var request = ExchangeRequest(worker: id)
    request.reports = reports
    request.want = want
    request.afterLane = afterLane
    return try await store.exchange(request)
  }

  func claim(_ want: Int) async throws -> [ClaimedStep] { try await exchange(want: want).claimed }

  @discardableResult
  func report(_ steps: [ClaimedStep], _ result: StepResult = .succeeded(outputs: nil)) async throws -> ExchangeReply {
    try await exchange(steps.map { StepReport(step: $0.step, result: result) })
  }

  @discardableResult
  func heartbeat(_ held: [ClaimedStep] = [], draining: Bool = false, reconcile: Bool = false) async throws
    -> HeartbeatReply
  {
    try await store.heartbeat(
      HeartbeatRequest(worker: id, held: held.map(\.step), isDraining: draining, reconcile: reconcile))
  }

  func log(_ step: HeldStep, _ lines: [String]) async throws {
    var request = ExchangeRequest(worker: id)
    request.log = lines.enumerated().map { StepLogLine(step: step, number: Int32($0 + 1), text: $1) }
    _ = try await store.exchange(request)
  }

  @discardableResult
  func leave() async throws -> Int { try await store.leave(worker: id) }
}

extension Engine {
  /// Ends the leases of all workers, as if none had been heard of for long although they could be.
  func endLeases() async throws {
    try await execute(
      """
      delete from holdfast.look where what in ('tick', 'dark', 'blind');
      update holdfast.worker set expires_at = now() - interval '1 s', lease = '0';
      select holdfast.tick()
      """)
  }
}
