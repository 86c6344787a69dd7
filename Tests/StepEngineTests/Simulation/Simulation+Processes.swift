@testable import StepEngine

/// The shell around a core, as in `Worker`: one call at a time, an alarm, a watch, and tasks.
extension Simulation {
  static let kinds = ["copy", "check", "clean"]

  func startProcess() {
    let isOdd = world.hasOddClocks && chance.percent(60)
    let process = SimulatedProcess(
      number: processes.count + 1,
      settings: .init(
        slots: world.slots, lease: .microseconds(world.lease), poll: .microseconds(world.poll),
        batch: chance.oneIn(3) ? 2 : 500),
      lease: world.lease, rate: isOdd ? chance.within(70...140) : 100,
      offset: isOdd ? chance.within(0...3600) * 1_000_000 : 0)
    process.listens = world.isQuiet || chance.percent(75)
    processes.append(process)
    trace("process \(process.number) starts, its clock at \(process.rate) %")
    deliver(process, at: now) { [unowned self] in self.takeTurn(process) }
    watch(process)
  }

  /// Wakes the conversation, if it waits.
  func ring(_ process: SimulatedProcess) {
    guard process.isAlive, !process.isCalling else { return }
    takeTurn(process)
  }

  func takeTurn(_ process: SimulatedProcess) {
    guard process.isAlive, !process.isCalling, violation == nil else { return }
    process.turn += 1
    let sentAt = process.time(at: now)
    switch process.core.nextAction(at: sentAt) {
    case .wait(let until):
      let turn = process.turn
      deliver(process, at: process.moment(of: until)) { [unowned self] in
        if process.turn == turn { self.takeTurn(process) }
      }
    case .register:
      call(process, "register") { [unowned self] in
        .success(store.register(kinds: Self.kinds, lease: process.lease, at: now))
      } answer: { [unowned self] (result: Result<Int32, StoreError>) in
        guard case .success(let id) = result else { return }
        process.core.registered(as: id, sentAt: sentAt)
        process.renewedAt = sentAt
        // Listening begins with one look.
        if process.listens { process.core.notified(stop: true, at: process.time(at: self.now)) }
      }
    case .heartbeat(let request): heartbeat(process, request, sentAt: sentAt)
    case .tick:
      call(process, "tick") { [unowned self] in
        .success(store.tick(at: now))
      } answer: { [unowned self] result in
        switch result {
        case .success(let next): process.core.ticked(nextDue: .microseconds(next), at: process.time(at: self.now))
        case .failure: process.core.tickFailed(at: process.time(at: self.now))
        }
      }
    case .exchange(let request): exchange(process, request, sentAt: sentAt)
    case .leave:
      let worker = process.core.worker ?? 0
      if !process.tasks.isEmpty { violate("process \(process.number) leaves while steps run") }
      if !process.hasLateCalls, !store.leases({ $1.worker == worker }).isEmpty {
        violate("process \(process.number) leaves while it holds steps")
      }
      call(process, "leave") { [unowned self] in
        .success(store.leave(worker, at: now))
      } answer: {
        [unowned self] (_: Result<Int, StoreError>) in
        process.isAlive = false
        process.hasLeft = true
        if self.hasFaults { self.startProcess() }
      }
    }
  }

  private func heartbeat(_ process: SimulatedProcess, _ request: HeartbeatRequest, sentAt: Duration) {
    if request.reconcile { tally.note("reconciling heartbeats") }
    call(process, "heartbeat \(request.held.map(\.id.value).sorted())") { [unowned self] in
      let reply = store.heartbeat(request, at: now)
      for case .settled(let step, _, _) in store.facts where !process.hasLateCalls && !process.lost.contains(step) {
        if process.tasks[step] != nil || process.results[step] != nil {
          violate("process \(process.number) hands back step \(step.id), which it did not lose")
        }
      }
      return .success(reply)
    } answer: { [unowned self] (result: Result<HeartbeatReply, StoreError>) in
      switch result {
      case .success(let reply):
        if reply.isRetired {
          self.retire(process)
        } else {
          process.renewedAt = max(process.renewedAt ?? .zero, sentAt)
          for stop in reply.stops where stop.isStale && process.tasks[stop.step] != nil {
            process.lost.insert(stop.step)
            self.tally.note("steps told to be lost")
          }
        }
        self.perform(process.core.heartbeatReplied(reply, to: request, sentAt: sentAt), process)
      case .failure: process.core.heartbeatFailed(at: process.time(at: self.now))
      }
    }
  }

  private func exchange(_ process: SimulatedProcess, _ request: ExchangeRequest, sentAt: Duration) {
    process.core.exchangeSent(request)
    for report in request.reports { check(report, process) }
    let isRefused = request.want > 0 && chance.percent(world.refusedClaim)
    call(process, "exchange \(request.reports.map { "\($0.step.id) \($0.result)" }) for \(request.want)") {
      [unowned self] in
      if isRefused || request.reports.contains(where: { $0.result == .succeeded(outputs: "poison") }) {
        tally.note("refused exchanges")
        return .failure(StoreError(.rejected, "this can't be stored"))
      }
      return .success(store.exchange(request, at: now))
    } answer: { [unowned self] (result: Result<ExchangeReply, StoreError>) in
      switch result {
      case .success(let reply):
        if reply.isRetired {
          self.retire(process)
        } else {
          process.renewedAt = max(process.renewedAt ?? .zero, sentAt - process.leaseLength * 3 / 10)
        }
        self.perform(
          process.core.exchangeReplied(reply, to: request, sentAt: sentAt, at: process.time(at: self.now)), process)
      case .failure(let error): process.core.exchangeFailed(error, at: process.time(at: self.now))
      }
    }
  }

  /// What no worker may say.
  private func check(_ report: StepReport, _ process: SimulatedProcess) {
    let step = report.step
    if process.lost.contains(step) { violate("process \(process.number) reports step \(step.id), which it lost") }
    guard let result = process.results[step] else {
      return violate("process \(process.number) reports step \(step.id), which has not ended")
    }
    if report.result.goodEnd != nil, report.result != result {
      violate("step \(step.id) is reported better than it was")
    }
    // A success is only ever reported as another result if it can't be stored.
    if case .succeeded(let outputs) = result, outputs != "poison", report.result != result {
      violate("step \(step.id) succeeded and is reported as \(report.result)")
    }
  }

  private func retire(_ process: SimulatedProcess) {
    tally.note("retired workers")
    if process.tasks.contains(where: { !$0.value.isCancelled }) { tally.note("retired workers with steps") }
    process.lost.formUnion(process.tasks.keys)
    process.renewedAt = nil
  }

  // MARK: - Steps

  private func perform(_ effects: [WorkerCore.Effect], _ process: SimulatedProcess) {
    var cancelled: [HeldStep] = []
    for effect in effects {
      switch effect {
      case .start(let claimed): start(claimed, process)
      case .cancel(let step): cancelled.append(step)
      }
    }
    // The core's order is a dictionary's.
    for step in cancelled.sorted(by: { $0.fence < $1.fence }) { cancel(step, process) }
    if effects.isEmpty { return }
    ring(process)
  }

  private func start(_ claimed: ClaimedStep, _ process: SimulatedProcess) {
    if let renewed = process.renewedAt, process.time(at: now) >= renewed + process.leaseLength {
      violate("process \(process.number) begins step \(claimed.step.id) although its leases are over by its own clock")
    }
    // An older lease of the same step is over by that, and this process knows it.
    process.lost.formUnion(process.tasks.keys.filter { $0.id == claimed.step.id })
    let isUndo = store[claimed.step.id].undoes != nil
    process.tasks[claimed.step] = .init(
      claimed: claimed, limitAt: claimed.timeLimit.map { process.time(at: now) + $0 },
      result: drawResult(isUndo: isUndo), isDeaf: world.hasDeafSteps && chance.percent(20))
    let length = chance.percent(85) ? chance.within(100...400_000) : chance.within(400_000...6_000_000)
    if Set(process.tasks.keys.map(\.id)).count > world.slots {
      violate("process \(process.number) has \(process.tasks.count) steps for \(world.slots) slots")
    }
    trace("process \(process.number) begins \(claimed.step.id) with fence \(claimed.step.fence)")
    plan(claimed.step, process, after: length)
  }

  private func cancel(_ step: HeldStep, _ process: SimulatedProcess) {
    guard let task = process.tasks[step] else { return }
    trace("process \(process.number) cancels \(step.id)")
    tally.note("cancelled tasks")
    process.tasks[step]?.isCancelled = true
    guard !task.isDeaf else { return }
    // Mostly it gives up; or it is done, or fails, at this very moment.
    if chance.percent(70) { process.tasks[step]?.result = .returned }
    plan(step, process, after: chance.within(10...200_000))
  }

  private func plan(_ step: HeldStep, _ process: SimulatedProcess, after length: Moment) {
    process.tasks[step]?.plan += 1
    let plan = process.tasks[step]?.plan
    let planned = now + length
    deliver(process, at: planned) { [unowned self] in
      guard let task = process.tasks[step], task.plan == plan else { return }
      // A frozen process's steps are frozen, too.
      if self.now > planned, self.chance.percent(70) {
        return self.plan(step, process, after: self.chance.within(1000...500_000))
      }
      process.tasks[step] = nil
      process.results[step] = task.result
      self.trace("process \(process.number) ended \(step.id): \(task.result)")
      if process.core.stepFinished(step, task.result, at: process.time(at: self.now)) { self.ring(process) }
    }
  }

  private func drawResult(isUndo: Bool) -> StepResult {
    let draw = chance.below(100)
    if world.isQuiet || !hasFaults || (isUndo && draw < 90) { return .succeeded(outputs: nil) }
    switch draw {
    case 0..<60: return .succeeded(outputs: chance.oneIn(2) ? nil : "{}")
    case 60..<63: return .skipped
    case 63..<66 where world.hasPoison: return .succeeded(outputs: "poison")
    case 66..<80: return .failed(StepFailure(.retryable, "it failed"))
    case 80..<83: return .failed(StepFailure(.permanent, "it can't be done"))
    case 83..<86: return .failed(StepFailure(.throttled(after: .milliseconds(chance.below(2000))), "later"))
    case 86..<90: return .wait(StepWait(wakeAfter: .milliseconds(chance.below(3000)), reason: "not yet"))
    case 90..<93: return .wait(StepWait(signal: "go", reason: "asked"))
    case 93..<96: return .wait(StepWait(wakeAfter: .seconds(2), signal: "go", reason: "asked, or later"))
    case 96..<97: return .returned
    default: return .succeeded(outputs: nil)
    }
  }

  /// Every quarter of a second, whatever the store does.
  private func watch(_ process: SimulatedProcess, after delay: Moment = 250_000) {
    let planned = now + delay
    deliver(process, at: planned) { [unowned self] in
      guard !self.isOver else { return }
      // When it thaws, its other deeds may come first.
      guard self.now == planned else { return self.watch(process, after: self.chance.within(1...250_000)) }
      let time = process.time(at: self.now)
      if let renewed = process.renewedAt, time >= renewed + process.leaseLength {
        process.lost.formUnion(process.tasks.keys)
        if !process.tasks.isEmpty { self.tally.note("self-fencings") }
      }
      self.perform(process.core.due(at: time), process)
      for (step, task) in process.tasks where !task.isCancelled {
        if let limit = task.limitAt, time >= limit {
          self.violate("process \(process.number) goes on with step \(step.id), which is over its time")
        }
        if process.lost.contains(step) {
          self.violate("process \(process.number) goes on with step \(step.id), whose lease is over by its own clock")
        }
      }
      self.watch(process)
    }
  }
}
