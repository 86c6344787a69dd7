import Foundation
import JSON
import PostgresClient
import StepEngine
import TestSupport

/// What one exchange of a hundred steps costs, with much or little waiting beside it, and beside an old transaction.
struct ClaimCost {
  let server: PostgresInstance

  /// What else the queue holds.
  enum Beside: String {
    case thousandReady = "1,000 ready"
    case millionReady = "1,000,000 ready"
    case millionParked = "1,000 ready, 1,000,000 parked"
  }

  /// Milliseconds of each of `rounds` exchanges: report 100, claim 100.
  func run(_ beside: Beside, rounds: Int) async throws -> [Double] {
    let database = try await EngineLoad(server: server).makeDatabase()
    let ready = (beside == .millionReady ? 1_000_000 : 1_000) + 100 * (rounds + 10)
    try await fill(database, ready: ready, parked: beside == .millionParked ? 1_000_000 : 0)
    let store = PostgresWorkerStore(
      try await PostgresConnection.open(PostgresConfiguration(server.url(database: database))))
    let worker = try await store.register(WorkerProfile(name: "cost", slots: 100, kinds: ["noop"]))
    var request = ExchangeRequest(worker: worker)
    request.want = 100
    var times: [Double] = []
    for round in 0..<rounds + 10 {
      let begin = ContinuousClock.now
      let reply = try await store.exchange(request)
      if round >= 10 { times.append((ContinuousClock.now - begin) / .milliseconds(1)) }
      request.reports = reply.claimed.map { StepReport(step: $0.step, result: .succeeded(outputs: nil)) }
      guard reply.claimed.count == 100 else { throw TestSupportError("only \(reply.claimed.count) steps were claimed") }
    }
    try await server.sql("drop database \"\(database)\" with (force)")
    return times
  }

  /// One-step runs, written in bulk: what `submit` writes for each, without the wait for a million calls.
  private func fill(_ database: String, ready: Int, parked: Int) async throws {
    try await server.sql(
      """
      select holdfast.submit('{"workflow": "one", "steps": [{"name": "s", "uses": "noop"}]}') as run \\gset
      select step_id, body_id, lane_id from holdfast.step \\gset
      create temp table made as
        select holdfast.new_run_id() as run_id, n from generate_series(1, \(ready + parked)) n;
      insert into holdfast.run (run_id, workflow, next_ordinal) select run_id, 'one', 2 from made;
      insert into holdfast.step (step_id, body_id, lane_id, needs, name, children)
        select run_id << 20 | 1, :body_id, :lane_id, 0, 's', '{2}' from made;
      insert into holdfast.ready (step_id, lane_id) select run_id << 20 | 1, :lane_id from made where n <= \(ready) order by n;
      insert into holdfast.parked (step_id, lane_id, wake_at, cause, reason, failures, crashes, wakes)
        select run_id << 20 | 1, :lane_id, now() + interval '1 hour' + n * interval '1 ms', 'wait', 'waits', 0, 0, 1
        from made where n > \(ready);
      """, database: database)
    try await server.sql("vacuum analyze", database: database)
  }
}

/// How a transaction that stays open slows the engine down.
struct HeldTransaction {
  let server: PostgresInstance

  /// Steps per second of a worker process in the last ten seconds of `seconds`, without and with a transaction held open
  /// for all that time.
  func run(seconds: Int) async throws -> (free: Double, held: Double) {
    (try await rate(seconds: seconds, held: false), try await rate(seconds: seconds, held: true))
  }

  private func rate(seconds: Int, held: Bool) async throws -> Double {
    let load = EngineLoad(server: server)
    let database = try await load.makeDatabase()
    let url = server.url(database: database)
    let holder = held ? try await PostgresConnection.open(PostgresConfiguration(url)) : nil
    try await holder?.execute(
      "begin isolation level repeatable read; create temp table holds (); select count(*) from holdfast.run")
    // Chains keep the queue short, so every claim passes by all that is dead.
    let plan = EngineLoad.Shape.chains.plan(steps: 10_000).text
    for _ in 0..<400 { try await server.sql("select holdfast.submit('\(plan)')", database: database) }
    let group = WorkerGroup(url, count: 1, slots: 200)
    try group.start()
    defer { group.stop() }
    try await Task.sleep(for: .seconds(seconds))
    let done = try await server.sql(
      "select count(*) / 10.0 from holdfast.attempt where finished_at > now() - interval '10 s'", database: database)
    group.stop()
    if let holder { try await holder.execute("rollback") }
    try await server.sql("drop database \"\(database)\" with (force)")
    return Double(done) ?? .nan
  }
}
