import StepEngine

extension ModelStore {
  func worker(_ id: Int32) -> ModelWorker? { id >= 1 && Int(id) <= workers.count ? workers[Int(id) - 1] : nil }

  mutating func register(kinds: [String], lease: Moment, at now: Moment) -> Int32 {
    let id = Int32(workers.count + 1)
    workers.append(ModelWorker(id: id, kinds: kinds, lease: lease, expiresAt: now + lease))
    return id
  }

  /// Reports, renews and claims; see sql/functions/exchange.sql.
  mutating func exchange(_ request: ExchangeRequest, at now: Moment) -> ExchangeReply {
    var reply = ExchangeReply()
    var rest: [StepReport] = []
    for report in request.reports {
      guard holds(report.step, worker: request.worker), let end = report.result.goodEnd else {
        rest.append(report)
        continue
      }
      facts.append(.settled(report.step, worker: request.worker, outcome: end.rawValue))
      if end == .succeeded { self[report.step.id].successFence = report.step.fence }
      // Nothing was done that could be undone.
      if end == .skipped, self[report.step.id].undoFence == report.step.fence { self[report.step.id].undoFence = nil }
      finish(report.step.id, end, at: now)
    }
    for report in rest.sorted(by: { $0.step.id.value < $1.step.id.value }) {
      guard let outcome = report.result.outcomeOfRest,
        settle(report.step, worker: request.worker, outcome, at: now)
      else {
        facts.append(.refused(report.step, worker: request.worker))
        reply.stale.append(report.step)
        continue
      }
    }
    guard let worker = worker(request.worker), worker.isLive else {
      reply.isRetired = true
      return reply
    }
    let index = Int(worker.id) - 1
    if Double(worker.expiresAt - now) < Double(worker.lease) * 0.7 { workers[index].expiresAt = now + worker.lease }
    if request.want > 0, worker.state == .active {
      if request.idle { workers[index].isIdle = true }
      reply.claimed = claim(worker, request, at: now)
      if request.idle, !reply.claimed.isEmpty { workers[index].isIdle = false }
    }
    return reply
  }

  /// By priority and in fair shares of each lane, and at most one suspect for a worker; see sql/functions/claim.sql.
  private mutating func claim(_ worker: ModelWorker, _ request: ExchangeRequest, at now: Moment) -> [ClaimedStep] {
    var ready: [Int32: [(id: StepID, sequence: Int64)]] = [:]
    for index in open {
      for step in runs[index].steps {
        guard case .ready(let sequence, _) = step.place, sequence >= request.marks[step.lane] ?? 0,
          serves(worker, step.lane), !isPaused(step.lane)
        else { continue }
        ready[step.lane, default: []].append((step.id, sequence))
      }
    }
    guard !ready.isEmpty else { return [] }
    for lane in ready.keys { ready[lane]?.sort { $0.sequence < $1.sequence } }
    var mayTakeSuspect = leases { $1.worker == worker.id && $0.isSuspect }.isEmpty
    var left = min(request.want, 1000)
    var claimed: [ClaimedStep] = []
    let priorities = Set(ready.keys.map { lanes[Int($0) - 1].priority }).sorted(by: >)
    for priority in priorities {
      // From after the lane that was served last, around.
      let lanesInTurn = ready.keys.filter { lanes[Int($0) - 1].priority == priority }
        .sorted { ($0 <= request.afterLane ? 1 : 0, turn(of: $0)) < ($1 <= request.afterLane ? 1 : 0, turn(of: $1)) }
      for pass in 1...(lanesInTurn.count == 1 ? 1 : 2) {
        for (index, lane) in lanesInTurn.enumerated() where left > 0 {
          let lanesLeft = lanesInTurn.count - index
          var take = pass == 1 ? (left + lanesLeft - 1) / lanesLeft : left
          if !lanes[Int(lane) - 1].limits.isEmpty { take = min(take, room(under: lanes[Int(lane) - 1].limits)) }
          guard take > 0, let waiting = ready[lane] else { continue }
          let suspect = mayTakeSuspect ? waiting.first { self[$0.id].isSuspect } : nil
          if suspect != nil { mayTakeSuspect = false }
          let others = waiting.filter { !self[$0.id].isSuspect }.prefix(take - (suspect == nil ? 0 : 1))
          let taken = Array(others) + (suspect.map { [$0] } ?? [])
          for entry in taken {
            claimed.append(lease(entry.id, sequence: entry.sequence, to: worker.id, at: now))
            left -= 1
          }
          ready[lane] = waiting.filter { entry in !taken.contains { $0.id == entry.id } }
        }
      }
    }
    return claimed
  }

  mutating func lease(
    _ id: StepID, sequence: Int64, to worker: Int32, at now: Moment
  ) -> ClaimedStep {
    let fence = nextFence()
    let step = self[id]
    let limitAt = [step.spec.timeLimit.map { now + $0 }, step.deadlineAt].compactMap { $0 }.min()
    self[id].place = .leased(ModelLease(fence: fence, worker: worker, timeLimitAt: limitAt))
    if step.spec.undo != nil, step.undoFence == nil { self[id].undoFence = fence }
    let held = HeldStep(id: id, fence: fence)
    facts.append(.claimed(held, worker: worker))
    return ClaimedStep(
      step: held, lane: step.lane, sequence: sequence, body: 1, name: "", attempt: step.failures + step.crashes + 1,
      wakes: step.wakes, timeLimit: limitAt.map { .microseconds($0 - now) }, payload: step.payload)
  }

  /// Whether a pause holds this lane's steps.
  private func isPaused(_ lane: Int32) -> Bool {
    let lane = lanes[Int(lane) - 1]
    return !lane.always && pausedPolicies.contains(lane.policy)
  }

  /// How many more steps may start under all of these limits.
  func room(under names: [String]) -> Int {
    let rooms = names.compactMap { name in
      limits[name].map { capacity in
        capacity - leases { step, _ in lanes[Int(step.lane) - 1].limits.contains(name) }.count
      }
    }
    return rooms.min() ?? 0
  }

  /// See sql/functions/heartbeat.sql.
  mutating func heartbeat(_ request: HeartbeatRequest, at now: Moment) -> HeartbeatReply {
    var reply = HeartbeatReply()
    guard let worker = worker(request.worker), worker.isLive else {
      reply.isRetired = true
      return reply
    }
    workers[Int(worker.id) - 1].expiresAt = now + worker.lease
    if request.isDraining { workers[Int(worker.id) - 1].state = .draining }
    if request.reconcile {
      let held = Set(request.held)
      for (step, lease) in leases({ $1.worker == worker.id }) {
        let unknown = HeldStep(id: step, fence: lease.fence)
        if !held.contains(unknown) { _ = settle(unknown, worker: worker.id, .returned, at: now) }
      }
    }
    for step in request.held.sorted(by: { $0.fence < $1.fence }) {
      if !holds(step, worker: worker.id) {
        reply.stops.append(.init(step: step, isStale: true, reason: "its lease was lost"))
      } else if self[step.id].lease?.mustStop == true {
        reply.stops.append(.init(step: step, isStale: false, reason: "cancelled"))
      }
    }
    return reply
  }

  /// How many steps went back.
  mutating func leave(_ id: Int32, at now: Moment) -> Int {
    var returned = 0
    for (step, lease) in leases({ $1.worker == id }) {
      if settle(HeldStep(id: step, fence: lease.fence), worker: id, .returned, at: now) { returned += 1 }
    }
    if let worker = worker(id), worker.isLive {
      workers[Int(id) - 1].state = .stopped
      workers[Int(id) - 1].isIdle = false
    }
    return returned
  }

  /// What time brings, and how long until something parked is due; see sql/functions/tick.sql.
  mutating func tick(at now: Moment) -> Moment {
    if let tickedAt, now - tickedAt > settings.longestTickGap || tickedAt < startedAt { dark = tickedAt...now }
    tickedAt = now
    for index in workers.indices
    where workers[index].isLive && workers[index].expiresAt < overdue(at: now, lease: workers[index].lease) {
      workers[index].state = .lost
      workers[index].isIdle = false
      facts.append(.workerLost(workers[index].id))
    }
    for (step, lease) in leases({ !(worker($1.worker)?.isLive ?? false) }) {
      _ = settle(HeldStep(id: step, fence: lease.fence), worker: nil, .lost, at: now)
    }
    let due = overdue(at: now, lease: settings.lease)
    let limit = min(due, now - settings.stuckGrace)
    for (step, lease) in leases({ $1.timeLimitAt.map { $0 < limit } ?? false }) {
      let failure = StepFailure(.retryable, "it ran over its time limit and its worker did not stop it")
      _ = settle(HeldStep(id: step, fence: lease.fence), worker: nil, .failed(failure), at: now)
      notifications.append((lease.worker, stop: true))
    }
    for index in open {
      for step in runs[index].steps
      where step.isWaiting && step.deadlineAt ?? .max < (step.isSignalled ? due : now) {
        finish(step.id, .failed, at: now)
      }
    }
    var parked: [(id: StepID, wakeAt: Moment)] = []
    for index in open {
      for step in runs[index].steps {
        if case .parked(.some(let wakeAt), _) = step.place { parked.append((step.id, wakeAt)) }
      }
    }
    parked.sort { ($0.wakeAt, $0.id.value) < ($1.wakeAt, $1.id.value) }
    for (id, wakeAt) in parked where wakeAt <= now { putReady(id, at: now) }
    for index in open where runs[index].state == .running && runs[index].deadlineAt.map({ $0 < due }) ?? false {
      cancel(runs[index].id, state: .failed, at: now)
    }
    for index in open where runs[index].isStopping { sweep(runs[index].id, at: now) }
    let next = open.flatMap { runs[$0].steps }.compactMap { step -> Moment? in
      if case .parked(.some(let wakeAt), _) = step.place { wakeAt } else { nil }
    }.min()
    let wait = min(60_000_000, max(0, (next ?? now + 60_000_000) - now))
    return (wait + 999) / 1000 * 1000
  }

  /// What was due before this is overdue.
  private func overdue(at now: Moment, lease: Moment) -> Moment {
    guard let dark, dark.upperBound + lease >= now else { return now }
    return min(now, dark.lowerBound - lease)
  }
}

extension StepResult {
  var goodEnd: StepEnd? {
    switch self {
    case .succeeded: .succeeded
    case .skipped: .skipped
    default: nil
    }
  }

  var outcomeOfRest: Outcome? {
    switch self {
    case .succeeded, .skipped: nil
    case .failed(let failure): .failed(failure)
    case .wait(let wait): .wait(wait)
    case .returned, .cancelled: .returned
    }
  }
}
