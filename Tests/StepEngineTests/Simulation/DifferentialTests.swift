import JSON
import PostgresClient
import TestSupport
import Testing

@testable import StepEngine

/// Plays the same calls on the model and on PostgreSQL, and compares where all steps are after each of them.
///
/// So the simulation's store and the real one can't drift apart. Each history is decided by its seed.
@Suite struct DifferentialTests {
  @Test("the model and PostgreSQL agree on every step, call by call", arguments: seeds)
  func agree(seed: UInt64) async throws {
    try await withEngine { engine in
      let twin = try await Twin(engine, seed: seed)
      for _ in 0..<60 {
        try await twin.act()
        guard try await twin.compare() else { return }
      }
      try await twin.finish()
    }
  }

  private static let seeds: [UInt64] = {
    var chosen = SplitMix64.announced("DifferentialTests")
    return (0..<max(1, SimulationTests.histories / 250)).map { $0 == 0 ? chosen.seed : chosen.next() }
  }()
}

/// The two stores, and what a single-minded client and its workers do with both.
private final class Twin {
  private let engine: Engine
  private let store: PostgresWorkerStore
  private var model: ModelStore
  private var chance: Chance
  private let seed: UInt64
  private var now: Moment = 0
  private var history: [String] = []
  /// The real numbers of the model's runs and workers, in its order.
  private var runs: [RunID] = []
  private var workers: [Int32] = []
  /// What the workers hold: the model's worker, the real lease and the model's.
  private var held: [(worker: Int32, real: HeldStep, modelled: HeldStep)] = []

  init(_ engine: Engine, seed: UInt64) async throws {
    self.engine = engine
    self.seed = seed
    store = try await engine.store()
    model = ModelStore(seed: seed)
    // The model's time goes faster than the real one: of outages they know different things.
    model.settings.longestTickGap = .max
    chance = Chance(seed: seed)
    for (name, capacity) in [("disk", 1), ("node", 2)] { try await setLimit(name, capacity) }
    for _ in 0..<2 { try await register() }
    try await submit()
  }

  func act() async throws {
    now += 1_000_000
    switch chance.below(100) {
    case 0..<12: try await submit()
    case 12..<40: try await exchange(want: chance.within(0...4))
    case 40..<62: try await exchange(want: 0)
    case 62..<74: try await tick()
    case 74..<80: try await signal()
    case 80..<84: try await cancel()
    case 84..<87: try await setLimit(chance.oneIn(2) ? "disk" : "node", chance.below(4))
    case 87..<90: try await pause()
    case 90..<95: try await heartbeat()
    case 95..<98: try await lose()
    default: try await leave()
    }
  }

  /// Everything is done, and the two still agree.
  func finish() async throws {
    for (name, capacity) in [("disk", 2), ("node", 2)] { try await setLimit(name, capacity) }
    if model.pausedPolicies.contains("nightly") { try await pause() }
    for _ in 0..<300 where !model.open.isEmpty {
      now += 1_000_000
      try await tick()
      for run in model.open { try await signal(run) }
      try await exchange(want: 100, mustSucceed: true)
      guard try await compare() else { return }
    }
    #expect(model.open.isEmpty, "seed \(seed): not everything came to an end")
    #expect(try await engine.leftovers() == [:])
  }

  // MARK: - Calls

  private func submit() async throws {
    let plan = drawPlan()
    let steps = plan.steps.enumerated().map { index, spec in
      var more: [String: JSONValue] = ["retry": ["attempts": .int(Int64(spec.attempts)), "initialSeconds": 0]]
      if spec.always { more["always"] = true }
      if !spec.limits.isEmpty { more["limits"] = .array(spec.limits.map { .string($0) }) }
      if let undo = spec.undo {
        var members: [String: JSONValue] = ["uses": .string(undo.uses)]
        if let unless = undo.unless { members["unless"] = .string("s\(unless)") }
        members["retry"] = ["attempts": 3, "initialSeconds": 0]
        more["undo"] = .object(members)
      }
      return step("s\(index + 1)", spec.uses, needs: spec.needs.map { "s\($0)" }, more)
    }
    note("submit \(plan.steps.map { "\($0.needs)\($0.always ? " always" : "")\($0.undo == nil ? "" : " undo")" })")
    runs.append(
      try await engine.submit(steps, policy: plan.policy, ["priority": .int(Int64(plan.priority))]))
    _ = model.submit(plan, at: now)
    try await learnTurns()
  }

  /// A submit makes its new lanes in an order of its own. How many steps a claim gets depends on that order when limits meet
  /// suspects: an unlimited suspect leaves the limit's room to a step that a limited suspect would have taken it from.
  private func learnTurns() async throws {
    let rows = try await engine.rows(
      """
      select policy as a, uses as b, array_to_string(limits, ',') as c, priority as d, lane_id as e, always as f
      from holdfast.lane
      """)
    for row in rows {
      let limits = row[2].split(separator: ",").map(String.init)
      let lane = ModelLane(
        policy: row[0], uses: row[1], limits: limits, priority: Int(row[3]) ?? 0, always: row[5] == "true")
      if let known = model.laneIDs[lane] { model.laneTurns[known] = Int32(row[4]) }
    }
  }

  private func register() async throws {
    let kinds = ["noop", "sleep", "test"]
    workers.append(
      try await store.register(WorkerProfile(name: "twin", slots: 8, kinds: kinds, lease: .seconds(36_000))))
    _ = model.register(kinds: kinds, lease: 36_000_000_000, at: now)
  }

  private func exchange(want: Int, mustSucceed: Bool = false) async throws {
    let worker = liveWorker()
    let mine = held.filter { $0.worker == worker }
    let count = mustSucceed ? mine.count : chance.below(mine.count + 1)
    var real = ExchangeRequest(worker: workers[Int(worker) - 1])
    var modelled = ExchangeRequest(worker: worker)
    for lease in mine.prefix(count) {
      let result: StepResult = mustSucceed ? .succeeded(outputs: nil) : drawResult()
      // Now and then one that is stale.
      let isStale = !mustSucceed && chance.oneIn(12)
      let fence = isStale ? Fence(0) : lease.real.fence
      real.reports.append(StepReport(step: HeldStep(id: lease.real.id, fence: fence), result: result))
      modelled.reports.append(
        StepReport(
          step: HeldStep(id: lease.modelled.id, fence: isStale ? Fence(0) : lease.modelled.fence), result: result))
    }
    note("exchange of \(worker): \(modelled.reports.map { "\($0.step) \($0.result)" }), wants \(want)")
    real.want = want
    let answer = try await store.exchange(real)
    let reported = Set(modelled.reports.map(\.step))
    held.removeAll { reported.contains($0.modelled) }

    // Which lane has its turn first, and which step of it, is PostgreSQL's choice; how many of each priority is not.
    var trial = model
    modelled.want = want
    let expected = trial.exchange(modelled, at: now)
    #expect(Set(answer.stale.map(modelStep)) == Set(expected.stale.map(\.id)), "seed \(seed): stale reports differ")
    #expect(answer.isRetired == expected.isRetired)
    modelled.want = 0
    _ = model.exchange(modelled, at: now)
    var priorities: [Int] = []
    for claimed in answer.claimed.sorted(by: { $0.step.fence < $1.step.fence }) {
      let id = modelStep(claimed.step)
      guard model.contains(id), model[id].isReady else {
        Issue.record("seed \(seed): step \(id) was claimed, and the model has it as \(model[id].place)")
        continue
      }
      priorities.append(model.priority(of: model[id].lane))
      let lease = model.lease(id, sequence: 0, to: worker, at: now)
      #expect(lease.attempt == claimed.attempt && lease.wakes == claimed.wakes)
      #expect(lease.payload == claimed.payload, "seed \(seed): what signals carried differs")
      held.append((worker, claimed.step, lease.step))
    }
    let wanted = expected.claimed.map { model.priority(of: $0.lane) }
    #expect(priorities.sorted() == wanted.sorted(), "seed \(seed): claims differ")
  }

  private func tick() async throws {
    note("tick")
    _ = try await store.tick()
    _ = model.tick(at: now)
    held.removeAll { !model.holds($0.modelled, worker: $0.worker) }
  }

  private func signal(_ chosen: Int? = nil) async throws {
    guard let run = chosen ?? model.open.randomElement(using: &chance) else { return }
    note("signal to run \(run + 1)")
    // Each its own, so that it shows which one a step got.
    let payload = "\(now)"
    let real = try await engine.value(
      "holdfast.signal($1, 'go', $2)", [.int64(runs[run].value), .jsonb(payload)])
    let modelled = model.signal(RunID(Int64(run + 1)), "go", payload: payload, at: now)
    #expect(real == modelled.map { "\($0)" }, "seed \(seed): woken steps differ")
  }

  private func cancel() async throws {
    guard !runs.isEmpty else { return }
    let run = chance.below(runs.count)
    note("cancel of run \(run + 1)")
    let real = try await engine.value("holdfast.cancel($1)", [.int64(runs[run].value)])
    #expect(real == "\(model.cancel(RunID(Int64(run + 1)), at: now))")
  }

  private func setLimit(_ name: String, _ capacity: Int) async throws {
    note("limit \(name) is \(capacity)")
    _ = try await engine.value("holdfast.set_limit($1, $2)", [.text(name), .int32(Int32(capacity))])
    model.setLimit(name, capacity)
  }

  private func pause() async throws {
    if model.pausedPolicies.contains("nightly") {
      note("resume")
      _ = try await engine.value("holdfast.resume('policy', 'nightly')")
      model.resume(policy: "nightly")
    } else {
      note("pause")
      _ = try await engine.value("holdfast.pause('policy', 'nightly', '')")
      model.pause(policy: "nightly")
    }
  }

  private func heartbeat() async throws {
    let worker = liveWorker()
    // Some leases are forgotten, as after a lost answer.
    let known = held.filter { $0.worker == worker && !chance.oneIn(4) }
    note("heartbeat of \(worker) with \(known.map(\.modelled.id))")
    let real = try await store.heartbeat(
      HeartbeatRequest(
        worker: workers[Int(worker) - 1], held: known.map(\.real), isDraining: false, reconcile: true))
    let modelled = model.heartbeat(
      HeartbeatRequest(worker: worker, held: known.map(\.modelled), isDraining: false, reconcile: true), at: now)
    #expect(
      Set(real.stops.map { "\(modelStep($0.step)) \($0.isStale)" })
        == Set(modelled.stops.map { "\($0.step.id) \($0.isStale)" }), "seed \(seed): stops differ")
    held.removeAll { !model.holds($0.modelled, worker: $0.worker) }
  }

  /// A worker is not heard of any more, and another one comes.
  private func lose() async throws {
    let worker = liveWorker()
    note("worker \(worker) vanishes")
    try await engine.execute(
      """
      update holdfast.worker set expires_at = now() - interval '1 s', lease = interval '1 ms'
      where worker_id = \(workers[Int(worker) - 1]);
      delete from holdfast.look where what = 'tick';
      """)
    model.workers[Int(worker) - 1].expiresAt = now - 1
    try await tick()
    try await register()
  }

  private func leave() async throws {
    let worker = liveWorker()
    note("worker \(worker) leaves")
    let returned = try await store.leave(worker: workers[Int(worker) - 1])
    #expect(returned == model.leave(worker, at: now))
    held.removeAll { $0.worker == worker }
    try await register()
  }

  // MARK: - Comparing

  /// False, with an issue, once they differ.
  func compare() async throws -> Bool {
    for (index, run) in runs.enumerated() {
      let rows = try await engine.rows(
        """
        select 0 as a, r.state as b from holdfast.run r where r.run_id = $1
        union all
        select s.step_id & 1048575, coalesce(
          (select format('ready %s %s %s', r.failures, r.crashes, r.wakes)
           from holdfast.ready r where r.step_id = s.step_id),
          (select format('leased %s %s %s', l.failures, l.crashes, l.wakes)
           from holdfast.lease l where l.step_id = s.step_id),
          (select format('parked %s %s %s', p.failures, p.crashes, p.wakes)
           from holdfast.parked p where p.step_id = s.step_id),
          (select a.state::text from holdfast.attempt a where a.step_id = s.step_id order by a.fence desc limit 1),
          'blocked')
        from holdfast.step s where s.step_id between $1::bigint << 20 and ($1::bigint << 20) + 1048575
        order by 1
        """, [.int64(run.value)])
      let modelled = [model.runs[index].state.rawValue] + model.runs[index].steps.map(\.summary)
      guard rows.map({ $0[1] }) == modelled else {
        Issue.record(
          """
          seed \(seed), run \(index + 1): PostgreSQL and the model differ after
          \(history.suffix(30).joined(separator: "\n"))
          PostgreSQL: \(rows.map { $0[1] })
          model:      \(modelled)
          """)
        return false
      }
    }
    return true
  }

  private func note(_ what: String) { history.append(what) }

  private func modelStep(_ real: HeldStep) -> StepID {
    let run = runs.firstIndex { $0.value == real.id.value >> 20 } ?? -1
    return StepID(run: RunID(Int64(run + 1)), ordinal: Int(real.id.value & 1_048_575))
  }

  private func liveWorker() -> Int32 {
    let live = model.workers.filter(\.isLive)
    return live[chance.below(live.count)].id
  }

  // MARK: - Chance

  private func drawPlan() -> ModelPlan {
    let kinds = ["noop", "sleep", "test"]
    var plan = ModelPlan(policy: chance.oneIn(2) ? "" : "nightly", priority: chance.below(2), steps: [])
    let count = chance.within(1...7)
    for ordinal in 1...count {
      var spec = ModelSpec(uses: kinds[chance.below(3)])
      if ordinal > 1 {
        spec.needs = Set((0..<chance.below(4)).map { _ in chance.within(1...ordinal - 1) }).sorted()
      }
      spec.always = chance.oneIn(5)
      if chance.oneIn(3) {
        spec.undo = .init(uses: kinds[chance.below(3)], unless: chance.oneIn(3) ? chance.within(1...count) : nil)
      }
      spec.attempts = chance.within(1...3)
      spec.retryInitial = 0
      if chance.oneIn(4) { spec.limits = chance.oneIn(2) ? ["disk"] : ["disk", "node"] }
      plan.steps.append(spec)
    }
    return plan
  }

  private func drawResult() -> StepResult {
    switch chance.below(20) {
    case 0..<9: .succeeded(outputs: chance.oneIn(2) ? nil : "{}")
    case 9: .skipped
    case 10..<13: .failed(StepFailure(.retryable, "no"))
    case 13: .failed(StepFailure(.permanent, "never"))
    case 14: .failed(StepFailure(.throttled(after: .zero), "later"))
    case 15: .wait(StepWait(wakeAfter: .zero, reason: "not yet"))
    case 16: .wait(StepWait(signal: "go", reason: "asked"))
    case 17: .wait(StepWait(wakeAfter: .zero, signal: "go", reason: "asked, or later"))
    case 18: .returned
    default: .cancelled
    }
  }
}

extension Chance: RandomNumberGenerator {
  mutating func next() -> UInt64 { bits() }
}

extension ModelStore {
  fileprivate func priority(of lane: Int32) -> Int { lanes[Int(lane) - 1].priority }
}

extension ModelStep {
  fileprivate var summary: String {
    let counts = "\(failures) \(crashes) \(wakes)"
    return switch place {
    case .blocked: "blocked"
    case .ready: "ready \(counts)"
    case .leased: "leased \(counts)"
    case .parked: "parked \(counts)"
    case .over(let end): end.rawValue
    }
  }
}
