import StepEngine

/// What has to hold in every history, judged from what happened and not from how the store came to it.
struct Checker {
  private var holders: [StepID: (held: HeldStep, worker: Int32)] = [:]
  private var ended: [StepID: StepEnd] = [:]
  private var firstFences: [StepID: Fence] = [:]
  private var successFences: [StepID: Fence] = [:]
  private var lastFence = Fence(0)
  private(set) var endedRuns: Set<RunID> = []

  /// The first broken rule, in words.
  mutating func check(_ fact: Fact, _ store: ModelStore) -> String? {
    switch fact {
    case .claimed(let held, let worker): return claimed(held, worker, store)
    case .settled(let held, let worker, let outcome):
      if outcome == StepEnd.succeeded.rawValue { successFences[held.id] = held.fence }
      // Skipped at its first claim, a step has done nothing that could be undone.
      if outcome == StepEnd.skipped.rawValue, firstFences[held.id] == held.fence { firstFences[held.id] = nil }
      guard let holder = holders.removeValue(forKey: held.id), holder.held == held else {
        return "a report of step \(held.id) with the stale fence \(held.fence) was accepted"
      }
      if let worker, worker != holder.worker { return "worker \(worker) ended a step of worker \(holder.worker)" }
    case .refused(let held, let worker):
      if let holder = holders[held.id], holder.held == held, holder.worker == worker {
        return "a report of step \(held.id) by the holder of its lease was refused"
      }
    case .ended(let id, let end): return stepEnded(id, end, store)
    case .runEnded(let run, let state): return runEnded(run, state, store)
    case .workerLost: break
    }
    return nil
  }

  private mutating func claimed(_ held: HeldStep, _ worker: Int32, _ store: ModelStore) -> String? {
    let step = store[held.id]
    if let other = holders.updateValue((held, worker), forKey: held.id) {
      return "step \(held.id) was given to worker \(worker) while worker \(other.worker) held it"
    }
    if held.fence <= lastFence { return "fence \(held.fence) is not above \(lastFence)" }
    lastFence = held.fence
    if ended[held.id] != nil { return "step \(held.id) was given away although it is over" }
    if endedRuns.contains(held.id.run) { return "step \(held.id) was given away although its run is over" }
    if firstFences[held.id] == nil { firstFences[held.id] = held.fence }
    for need in step.spec.needs {
      guard let end = ended[StepID(run: held.id.run, ordinal: need)] else {
        return "step \(held.id) was given away before \(need), which it needs, was over"
      }
      if end != .succeeded, end != .skipped, !step.spec.always {
        return "step \(held.id) was given away although \(need), which it needs, was \(end)"
      }
    }
    if let undone = step.undoes, let problem = undoClaimed(step, undone, store) { return problem }
    for name in step.spec.limits {
      let used = holders.keys.filter { store[$0].spec.limits.contains(name) }.count
      if used > store.limits[name] ?? 0 { return "\(used) steps run under limit \(name) of \(store.limits[name] ?? 0)" }
    }
    return nil
  }

  private func undoClaimed(_ step: ModelStep, _ undone: Int, _ store: ModelStore) -> String? {
    let run = store.runs[Int(step.id.run.value) - 1]
    for other in run.steps {
      let mustBeOver = other.undoes == nil || other.ordinal < step.ordinal
      if mustBeOver, ended[other.id] == nil { return "undo \(step.id) was given away before \(other.id) was over" }
      // Last started, first undone.
      if other.undoes != nil, other.ordinal < step.ordinal, let earlier = other.undoes,
        let mine = firstFences[StepID(run: run.id, ordinal: undone)],
        let before = firstFences[StepID(run: run.id, ordinal: earlier)], before < mine
      {
        return "undo \(step.id) comes after that of a step which was started earlier"
      }
    }
    return nil
  }

  private mutating func stepEnded(_ id: StepID, _ end: StepEnd, _ store: ModelStore) -> String? {
    if let before = ended.updateValue(end, forKey: id) { return "step \(id) ended as \(before) and again as \(end)" }
    if holders[id] != nil { return "step \(id) ended as \(end) under a lease" }
    let spec = store[id].spec
    let needs = spec.needs.map { ended[StepID(run: id.run, ordinal: $0)] }
    let isBad = needs.contains { $0 != .succeeded && $0 != .skipped }
    if end == .omitted, !isBad || spec.always { return "step \(id) was omitted without a cause" }
    if end == .cancelled, spec.always { return "step \(id) runs always and was cancelled" }
    return nil
  }

  private mutating func runEnded(_ id: RunID, _ state: RunState, _ store: ModelStore) -> String? {
    guard endedRuns.insert(id).inserted else { return "run \(id) ended twice" }
    let run = store.runs[Int(id.value) - 1]
    for step in run.steps where ended[step.id] == nil { return "run \(id) ended before its step \(step.id)" }
    let undone = run.steps.compactMap(\.undoes)
    let failed = run.steps.contains { ended[$0.id] == .failed || ended[$0.id] == .quarantined }
    if state == .succeeded, failed { return "run \(id) succeeded with a failed step" }
    if state == .failed, !failed, run.stopState != .failed { return "run \(id) failed without a failed step" }
    let expected = run.steps.filter { step in
      guard let undo = step.spec.undo, let begun = firstFences[step.id], state != .succeeded else { return false }
      return undo.unless.flatMap { successFences[StepID(run: id, ordinal: $0)] }.map { $0 < begun } ?? true
    }.map(\.ordinal)
    if Set(undone) != Set(expected) || undone.count != expected.count {
      return "run \(id) is \(state) and undid steps \(undone) instead of \(expected)"
    }
    return nil
  }
}
