import StepEngine
import TestSupport

/// What becomes of a step whose lease ended with anything but success; see sql/functions/settle.sql.
enum Verdict: Equatable {
  case over(StepEnd)
  case retry(after: Moment)
  case park(wakeAfter: Moment?, signal: String?)
  case again
}

/// How a lease ended, in the words of the protocol.
enum Outcome: Equatable {
  case failed(StepFailure)
  case wait(StepWait)
  case returned
  case lost
}

extension ModelStore {
  /// The decision alone: counts and fate of a step.
  static func judge(
    _ step: inout ModelStep, _ outcome: Outcome, isStopping: Bool, maxCrashes: Int, jitter: Double, at now: Moment
  ) -> Verdict {
    let isPastDeadline = step.deadlineAt.map { $0 <= now } ?? false
    switch outcome {
    case .failed(let failure):
      step.failures += 1
      var after: Moment?
      if case .throttled(let asked) = failure.kind {
        // Coming back later is no failed attempt, but does not go on forever.
        step.failures -= 1
        step.wakes += 1
        step.throttles += 1
        after = asked.map { Moment(Double($0.microseconds) * (1 + 0.1 * jitter)) }
      }
      if isStopping { return .over(.cancelled) }
      if failure.kind == .permanent || isPastDeadline { return .over(.failed) }
      if case .throttled = failure.kind {
        if step.throttles > 10 * step.spec.attempts { return .over(.failed) }
      } else if step.failures >= step.spec.attempts {
        return .over(.failed)
      }
      let doublings = min(30, max(0, step.failures - 1))
      let bound = min(Double(step.spec.retryMax), Double(step.spec.retryInitial) * Double(1 << doublings))
      return .retry(after: after ?? Moment(jitter * bound))
    case .lost:
      step.crashes += 1
      if isStopping { return .over(.cancelled) }
      return step.crashes >= maxCrashes ? .over(.quarantined) : .again
    case .wait(let wait):
      step.wakes += 1
      if isStopping { return .over(.cancelled) }
      if isPastDeadline { return .over(.failed) }
      // Neither a time nor a signal would be a wait without an end.
      let after = wait.wakeAfter?.microseconds ?? (wait.signal == nil ? 60_000_000 : nil)
      return .park(wakeAfter: after, signal: wait.signal)
    case .returned:
      return isStopping ? .over(.cancelled) : .again
    }
  }

  /// Ends one lease; false if the fence is stale: then nothing was written.
  mutating func settle(_ held: HeldStep, worker: Int32?, _ outcome: Outcome, at now: Moment) -> Bool {
    guard holds(held, worker: worker) else { return false }
    var step = self[held.id]
    let run = runs[Int(held.id.run.value) - 1]
    let jitter = Double(random.next() >> 11) * 0x1p-53
    let verdict = Self.judge(
      &step, outcome, isStopping: run.isStopping && !step.spec.always, maxCrashes: settings.maxCrashes, jitter: jitter,
      at: now)
    facts.append(.settled(held, worker: worker, outcome: "\(outcome)"))
    // What a signal carried goes with the step to its next attempt, unless it waits again by its own wish.
    if case .park = verdict { step.payload = nil }
    self[held.id] = step
    switch verdict {
    case .over(let end): finish(held.id, end, at: now)
    case .retry(let after): self[held.id].place = .parked(wakeAt: now + after, signal: nil)
    case .park(let after, let signal):
      if let signal, let payload = runs[Int(held.id.run.value) - 1].signals.removeValue(forKey: signal) {
        self[held.id].payload = payload
        putReady(held.id, at: now)
      } else {
        self[held.id].place = .parked(wakeAt: after.map { now + $0 }, signal: signal)
      }
    case .again: putReady(held.id, at: now)
    }
    return true
  }

  func holds(_ held: HeldStep, worker: Int32?) -> Bool {
    guard contains(held.id), let lease = self[held.id].lease else { return false }
    return lease.fence == held.fence && (worker == nil || lease.worker == worker)
  }

  // MARK: - The DAG

  /// A step is over: whoever needed it is free, omitted or stopped, and perhaps the run is over.
  mutating func finish(_ id: StepID, _ end: StepEnd, at now: Moment) {
    self[id].place = .over(end)
    facts.append(.ended(id, end))
    let run = Int(id.run.value) - 1
    if end == .failed || end == .quarantined { runs[run].hasFailed = true }
    let isGood = end == .succeeded || end == .skipped
    for child in self[id].children {
      if child == 0 {
        runs[run].pending -= 1
        if runs[run].pending == 0 { endRun(run, at: now) }
        continue
      }
      let childID = StepID(run: id.run, ordinal: child)
      self[childID].pending -= 1
      if !isGood { self[childID].hasBadNeed = true }
      if self[childID].pending == 0 { release(childID, at: now) }
    }
  }

  /// A step whose needs are over.
  mutating func release(_ id: StepID, at now: Moment) {
    let step = self[id]
    if !step.spec.always {
      if step.hasBadNeed { return finish(id, .omitted, at: now) }
      if runs[Int(id.run.value) - 1].isStopping { return finish(id, .cancelled, at: now) }
    }
    self[id].deadlineAt = step.spec.deadline.map { now + $0 }
    putReady(id, at: now)
  }

  mutating func endRun(_ index: Int, at now: Moment) {
    if runs[index].state == .undoing || !startUndo(index, at: now) {
      runs[index].state = runs[index].stopState ?? (runs[index].hasFailed ? .failed : .succeeded)
      runs[index].signals = [:]
      open.removeAll { $0 == index }
      facts.append(.runEnded(runs[index].id, runs[index].state))
    }
  }

  /// A chain of undo steps, the last started step's first; false if there is nothing to undo.
  mutating func startUndo(_ index: Int, at now: Moment) -> Bool {
    let run = runs[index]
    guard run.hasFailed || run.stopState != nil else { return false }
    let undone = run.steps.filter { step in
      guard let undo = step.spec.undo, let begun = step.undoFence else { return false }
      guard let unless = undo.unless, let done = run.steps[unless - 1].successFence else { return true }
      return done < begun
    }.sorted { ($0.undoFence?.value ?? 0) > ($1.undoFence?.value ?? 0) }
    for step in run.steps.indices { runs[index].steps[step].undoFence = nil }
    guard !undone.isEmpty else { return false }
    let first = run.steps.count + 1
    for (offset, step) in undone.enumerated() {
      let spec = ModelSpec(uses: step.spec.undo?.uses ?? "", always: true)
      var undo = ModelStep(
        id: StepID(run: run.id, ordinal: first + offset), spec: spec,
        lane: lane(of: spec, in: run.plan, always: true), pending: offset == 0 ? 0 : 1)
      undo.undoes = step.ordinal
      undo.children = [offset == undone.count - 1 ? 0 : first + offset + 1]
      runs[index].steps.append(undo)
    }
    runs[index].state = .undoing
    runs[index].pending = 1
    putReady(StepID(run: run.id, ordinal: first), at: now)
    return true
  }

  /// Ends whatever of a stopping run doesn't run, and asks for what does to be stopped.
  mutating func sweep(_ run: RunID, at now: Moment) {
    let index = Int(run.value) - 1
    var ended: [StepID] = []
    for step in runs[index].steps where !step.spec.always {
      switch step.place {
      case .ready, .parked: ended.append(step.id)
      case .leased(var lease) where !lease.mustStop:
        lease.mustStop = true
        self[step.id].place = .leased(lease)
        notifications.append((lease.worker, stop: true))
      default: break
      }
    }
    for id in ended { self[id].place = .over(.cancelled) }
    for id in ended { finish(id, .cancelled, at: now) }
  }
}

extension Duration {
  var microseconds: Moment {
    Moment(components.seconds) * 1_000_000 + Moment(components.attoseconds / 1_000_000_000_000)
  }
}
