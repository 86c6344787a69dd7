import StepEngine

/// What clients do: submit, cancel, signal, and change limits and pauses.
extension Simulation {
  func planClients() {
    store.limits = ["disk": 1, "node": 2]
    func moment() -> Moment { chance.within(0...world.duration) }
    for _ in 0..<world.runs {
      at(moment()) { [unowned self] in
        // Other sessions take numbers, too.
        self.store.lastSequence += Int64(self.chance.below(5000))
        let first = self.store.lastSequence
        self.store.lastSequence += 100
        if !self.world.isQuiet, self.chance.oneIn(3) {
          // It takes its numbers now and commits later, behind what is claimed meanwhile.
          self.at(min(self.world.duration, self.now + self.chance.within(1000...1_000_000))) {
            self.submit(from: first)
          }
        } else {
          self.submit(from: first)
        }
      }
    }
    for _ in 0..<chance.below(8) {
      at(moment()) { [unowned self] in
        guard let run = self.store.open.last else { return }
        self.trace("run \(run + 1) is sent a signal")
        self.store.signal(RunID(Int64(run + 1)), "go", payload: nil, at: self.now)
      }
    }
    guard !world.isQuiet else { return }
    for _ in 0..<chance.below(4) {
      at(moment()) { [unowned self] in
        self.store.setLimit(self.chance.oneIn(2) ? "disk" : "node", self.chance.below(3))
      }
    }
    if chance.oneIn(4) {
      at(moment()) { [unowned self] in self.store.pause(policy: "nightly") }
      at(moment()) { [unowned self] in self.store.resume(policy: "nightly") }
    }
  }

  private func submit(from first: Int64) {
    let last = store.lastSequence
    store.lastSequence = first
    let run = store.submit(drawPlan(), at: now)
    store.lastSequence = last
    trace("run \(run) is submitted")
    if world.isQuiet { expectSpeed(of: run) }
    if chance.percent(30) { planCancel(run) }
  }

  private func planCancel(_ run: RunID) {
    after(chance.within(0...3_000_000)) { [unowned self] in
      self.trace("run \(run) is cancelled")
      self.tally.note("cancels")
      self.store.cancel(run, at: self.now)
      guard self.world.isQuiet else { return }
      self.after(500_000) {
        for process in self.processes {
          for (step, task) in process.tasks where step.id.run == run && !task.isCancelled {
            guard self.store[step.id].lease?.mustStop == true, self.store.holds(step, worker: nil) else { continue }
            self.violate("step \(step.id) was not stopped within half a second of its cancel")
          }
        }
      }
    }
  }

  /// In a quiet history, whatever is ready is taken soon, long before the next poll.
  private func expectSpeed(of run: RunID) {
    after(500_000) { [unowned self] in
      for step in self.store.runs[Int(run.value) - 1].steps {
        if case .ready(_, let since) = step.place, self.now - since > 300_000, self.processes.allSatisfy(\.isIdleSoon) {
          self.violate("step \(step.id) has been ready for \((self.now - since) / 1000) ms, and workers are idle")
        }
      }
      if !self.store.runs[Int(run.value) - 1].isOver { self.expectSpeed(of: run) }
    }
  }

  private func drawPlan() -> ModelPlan {
    var plan = ModelPlan(steps: [])
    plan.policy = ["", "nightly", "hourly"][chance.below(3)]
    plan.priority = chance.below(3)
    if !world.isQuiet, chance.oneIn(10) { plan.timeout = chance.within(1...10) * 1_000_000 }
    let count = chance.within(1...7)
    for ordinal in 1...count {
      var spec = ModelSpec(uses: Self.kinds[chance.below(3)])
      if ordinal > 1 {
        let wanted = chance.below(min(4, ordinal))
        spec.needs = Set((0..<wanted).map { _ in chance.within(1...ordinal - 1) }).sorted()
      }
      spec.always = chance.oneIn(6)
      if chance.oneIn(3) {
        spec.undo = .init(uses: Self.kinds[chance.below(3)], unless: nil)
        if chance.oneIn(3) { spec.undo?.unless = chance.within(1...count) }
      }
      spec.attempts = chance.within(1...4)
      spec.retryInitial = chance.within(0...1_000_000)
      spec.retryMax = 3_000_000
      if !world.isQuiet {
        if chance.oneIn(5) { spec.timeLimit = chance.within(100...2000) * 1000 }
        if chance.oneIn(8) { spec.deadline = chance.within(500...8000) * 1000 }
        if chance.oneIn(4) { spec.limits = chance.oneIn(3) ? ["disk", "node"] : [chance.oneIn(2) ? "disk" : "node"] }
      }
      plan.steps.append(spec)
    }
    return plan
  }
}

extension SimulatedProcess {
  /// It has room, and nothing under way that would keep it from looking.
  var isIdleSoon: Bool { isAlive && tasks.count < 32 }
}
