import StepEngine
import TestSupport

/// The engine's protocol in memory: an executable specification of sql/functions, without groups and conditions.
///
/// Deterministic: chance comes from `random`, time from the caller, and nothing depends on the order of a dictionary.
struct ModelStore {
  struct Settings {
    var maxCrashes = 3
    var stuckGrace: Moment = 10_000_000
    var longestTickGap: Moment = 10_000_000
    var lease: Moment = 30_000_000
  }

  var settings = Settings()
  /// The jitter of retries, from 0 up to 1.
  var random: SplitMix64
  var runs: [ModelRun] = []
  /// Indexes of the runs that are not over.
  var open: [Int] = []
  var workers: [ModelWorker] = []
  var lanes: [ModelLane] = []
  var laneIDs: [ModelLane: Int32] = [:]
  /// Where a lane stands among those of its priority, if not in the order of their making.
  var laneTurns: [Int32: Int32] = [:]
  var limits: [String: Int] = [:]
  var pausedPolicies: Set<String> = []
  var lastFence: Int64 = 0
  var lastSequence: Int64 = 0

  /// When the database came up.
  var startedAt: Moment = 0
  /// The last tick.
  var tickedAt: Moment?
  /// The last time without a tick, in which perhaps nobody could renew a lease.
  var dark: ClosedRange<Moment>?

  /// Since somebody last took them.
  var facts: [Fact] = []
  var notifications: [(worker: Int32, stop: Bool)] = []

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  subscript(id: StepID) -> ModelStep {
    get { runs[Int(id.run.value) - 1].steps[Int(id.value & 1_048_575) - 1] }
    set { runs[Int(id.run.value) - 1].steps[Int(id.value & 1_048_575) - 1] = newValue }
  }

  func contains(_ id: StepID) -> Bool {
    runs.indices.contains(Int(id.run.value) - 1)
      && runs[Int(id.run.value) - 1].steps.indices.contains(Int(id.value & 1_048_575) - 1)
  }

  // MARK: - Clients

  mutating func submit(_ plan: ModelPlan, at now: Moment) -> RunID {
    let id = RunID(Int64(runs.count + 1))
    var run = ModelRun(id: id, plan: plan)
    run.deadlineAt = plan.timeout.map { now + $0 }
    for (index, spec) in plan.steps.enumerated() {
      // What a run begins with waits for the end of a pause.
      let lane = lane(of: spec, in: plan, always: spec.always && !spec.needs.isEmpty)
      run.steps.append(
        ModelStep(id: StepID(run: id, ordinal: index + 1), spec: spec, lane: lane, pending: spec.needs.count))
    }
    for (index, spec) in plan.steps.enumerated() {
      for need in spec.needs { run.steps[need - 1].children.append(index + 1) }
    }
    // What nothing needs, the run's end needs.
    for index in run.steps.indices where run.steps[index].children.isEmpty {
      run.steps[index].children = [0]
      run.pending += 1
    }
    runs.append(run)
    open.append(runs.count - 1)
    for step in run.steps where step.pending == 0 { release(step.id, at: now) }
    return id
  }

  /// False if the run is over already.
  @discardableResult
  mutating func cancel(_ run: RunID, state: RunState = .cancelled, at now: Moment) -> Bool {
    let index = Int(run.value) - 1
    guard runs[index].state == .running else { return !runs[index].isOver }
    runs[index].state = .cancelling
    runs[index].stopState = state
    sweep(run, at: now)
    return true
  }

  /// How many steps it woke; nil if the run is over.
  @discardableResult
  mutating func signal(_ run: RunID, _ name: String, payload: String?, at now: Moment) -> Int? {
    let index = Int(run.value) - 1
    guard !runs[index].isOver else { return nil }
    let woken = runs[index].steps.filter { if case .parked(_, .some(name)) = $0.place { true } else { false } }
    if woken.isEmpty { runs[index].signals[name] = payload ?? "null" }
    for step in woken {
      self[step.id].payload = payload ?? "null"
      putReady(step.id, at: now)
    }
    return woken.count
  }

  mutating func setLimit(_ name: String, _ capacity: Int) {
    limits[name] = capacity
    wake(lanes.indices.filter { lanes[$0].limits.contains(name) }.map { Int32($0 + 1) })
  }

  mutating func pause(policy: String) { pausedPolicies.insert(policy) }

  mutating func resume(policy: String) {
    pausedPolicies.remove(policy)
    wake(lanes.indices.filter { lanes[$0].policy == policy }.map { Int32($0 + 1) })
  }

  // MARK: - Lanes and notifications

  mutating func lane(of spec: ModelSpec, in plan: ModelPlan, always: Bool) -> Int32 {
    let lane = ModelLane(
      policy: plan.policy, uses: spec.uses, limits: Set(spec.limits).sorted(), priority: plan.priority, always: always)
    if let id = laneIDs[lane] { return id }
    lanes.append(lane)
    laneIDs[lane] = Int32(lanes.count)
    return Int32(lanes.count)
  }

  func turn(of lane: Int32) -> Int32 { laneTurns[lane] ?? lane }

  func serves(_ worker: ModelWorker, _ lane: Int32) -> Bool { worker.kinds.contains(lanes[Int(lane) - 1].uses) }

  /// Tells idle workers that can serve one of these lanes, each once.
  mutating func wake(_ lanes: [Int32]) {
    var told = 0
    for index in workers.indices where workers[index].isIdle && told < 8 {
      guard lanes.contains(where: { serves(workers[index], $0) }) else { continue }
      workers[index].isIdle = false
      notifications.append((workers[index].id, stop: false))
      told += 1
    }
  }

  mutating func putReady(_ id: StepID, at now: Moment) {
    lastSequence += 1
    self[id].place = .ready(sequence: lastSequence, since: now)
    wake([self[id].lane])
  }

  mutating func nextFence() -> Fence {
    lastFence += 1
    return Fence(lastFence)
  }

  /// Every lease: steps and who has them.
  func leases(_ isWanted: (ModelStep, ModelLease) -> Bool) -> [(step: StepID, lease: ModelLease)] {
    var found: [(step: StepID, lease: ModelLease)] = []
    for index in open {
      for step in runs[index].steps {
        if case .leased(let lease) = step.place, isWanted(step, lease) { found.append((step.id, lease)) }
      }
    }
    return found
  }
}
