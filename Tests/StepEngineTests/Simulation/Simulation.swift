@testable import StepEngine

/// One history of workers, a store and clients, decided by its seed alone: no thread, no real time.
///
/// The workers' decisions are the real ones (`WorkerCore`), called as `Worker` calls them; the store is `ModelStore`.
final class Simulation {
  /// What a history has seen, so that one can tell that the faults really happen.
  struct Tally {
    var counts: [String: Int] = [:]
    mutating func note(_ what: String) { counts[what, default: 0] += 1 }
  }

  var world: SimulatedWorld
  var chance: Chance
  var store: ModelStore
  var checker = Checker()
  var processes: [SimulatedProcess] = []
  var outages: [ClosedRange<Moment>] = []
  var now: Moment = 0
  var hasFaults = true
  var isOver = false
  var tally = Tally()
  private(set) var violation: String?

  private var queue = EventQueue()
  private let isTraced: Bool
  private(set) var lines: [String] = []
  private var sameMoment = 0

  init(seed: UInt64, isTraced: Bool = false) {
    chance = Chance(seed: seed)
    world = SimulatedWorld(&chance)
    store = ModelStore(seed: chance.bits())
    store.settings.maxCrashes = chance.within(1...3)
    self.isTraced = isTraced
  }

  /// Plays the history to its end, or to the first broken rule.
  func run() {
    trace("\(world)")
    for _ in 0..<world.processes { startProcess() }
    planFaults()
    planClients()
    play(until: world.duration)
    calm()
    // Retries, leases and quarantines take their time, but not forever.
    let limit = now + 600_000_000
    while violation == nil, !store.open.isEmpty, now < limit { play(until: now + 1_000_000) }
    if !store.open.isEmpty { violate("after \(limit / 1_000_000) s, \(unfinished()) are not over") }
    rest()
    leave()
    isOver = true
    // Its events know it.
    queue = EventQueue()
  }

  // MARK: - Time

  func at(_ moment: Moment, _ deed: @escaping () -> Void) { queue.push(at: max(now, moment), deed) }

  func after(_ delay: Moment, _ deed: @escaping () -> Void) { queue.push(at: now + delay, deed) }

  /// Something that happens to a process: not if it is gone, and later if it is frozen.
  func deliver(_ process: SimulatedProcess, at moment: Moment, _ deed: @escaping () -> Void) {
    at(moment) { [unowned self] in
      guard process.isAlive else { return }
      if process.frozenUntil > self.now { return self.deliver(process, at: process.frozenUntil, deed) }
      deed()
    }
  }

  func play(until end: Moment) {
    at(end) {}
    while violation == nil, let next = queue.pop() {
      sameMoment = next.at == now ? sameMoment + 1 : 0
      if sameMoment > 3000 { violate("time stands still: something is done again and again without a wait") }
      now = next.at
      next.deed()
      settleFacts()
      if now >= end, violation == nil { break }
    }
  }

  /// Checks what happened, and sends the notifications.
  private func settleFacts() {
    if !store.facts.isEmpty {
      let facts = store.facts
      store.facts = []
      for fact in facts {
        trace("  \(fact)")
        if let problem = checker.check(fact, store) { violate(problem) }
        look(at: fact)
      }
    }
    if !store.notifications.isEmpty {
      let notifications = store.notifications
      store.notifications = []
      for (worker, stop) in notifications { notify(worker, stop: stop) }
    }
  }

  private func look(at fact: Fact) {
    switch fact {
    case .workerLost(let worker):
      tally.note("lost workers")
      // Whoever has a true clock and could act has stopped by himself: one lease, and one look of the watch.
      for process in processes where process.core.worker == worker && process.isAlive && process.hasTrueClock {
        let since = now - process.lease
        after(600_000) { [unowned self] in
          guard process.isAlive, (process.wasFrozenAt ?? -1) < since else { return }
          for (step, task) in process.tasks
          where !task.isCancelled && self.store.runs[Int(step.id.run.value) - 1].isOver == false {
            if !self.store.holds(step, worker: process.core.worker) {
              self.violate("process \(process.number) goes on with step \(step.id), whose lease is lost")
            }
          }
        }
      }
    case .ended(_, let end): tally.note("\(end)")
    case .runEnded(_, let state): tally.note("run \(state)")
    case .refused(let held, _):
      tally.note("refused reports")
      if world.isQuiet { violate("a report of step \(held.id) was refused although nothing went wrong") }
    case .claimed(let held, _):
      tally.note("claims")
      if store[held.id].undoes != nil { tally.note("undos") }
    case .settled(_, _, let outcome):
      if outcome == "lost" || outcome == "returned" { tally.note(outcome) }
    }
  }

  private func notify(_ worker: Int32, stop: Bool) {
    guard !chance.percent(world.lostNotification) else { return tally.note("lost notifications") }
    after(chance.within(100...3000)) { [unowned self] in
      guard let process = self.processes.last(where: { $0.core.worker == worker && $0.listens }) else { return }
      self.deliver(process, at: self.now) {
        self.trace("process \(process.number) is notified\(stop ? " to stop" : "")")
        process.core.notified(stop: stop, at: process.time(at: self.now))
        self.ring(process)
      }
    }
  }

  // MARK: - Endings

  /// The faults end: all that is left has to come to an end.
  private func calm() {
    guard violation == nil else { return }
    trace("--- the faults are over ---")
    hasFaults = false
    world.calm()
    outages = []
    for name in store.limits.keys.sorted() where store.limits[name] == 0 { store.setLimit(name, 1) }
    for policy in store.pausedPolicies.sorted() { store.resume(policy: policy) }
    if !processes.contains(where: { $0.isAlive && !$0.core.isDraining }) { startProcess() }
    approve()
  }

  /// Sends the signals that steps wait for.
  private func approve() {
    guard !store.open.isEmpty else { return }
    for index in store.open {
      for step in store.runs[index].steps {
        if case .parked(nil, .some(let signal)) = step.place {
          store.signal(store.runs[index].id, signal, payload: "true", at: now)
        }
      }
    }
    after(1_000_000) { [unowned self] in self.approve() }
  }

  private func unfinished() -> String {
    store.open.flatMap { store.runs[$0].steps }.filter { !$0.isOver }
      .map { "step \($0.id) (\($0.place))" }.joined(separator: ", ")
  }

  /// With nothing to do, workers look as seldom as they were told.
  private func rest() {
    guard violation == nil else { return }
    let thaw = processes.filter(\.isAlive).map(\.frozenUntil).max() ?? 0
    // Killed processes have come back by then.
    play(until: max(now, thaw) + 5_000_000)
    let before = processes.map(\.calls)
    play(until: now + 6_000_000)
    for (process, before) in zip(processes, before) where process.isAlive {
      // One tick a second, one look a poll, three renewals a lease; a clock may run faster than the true one.
      let allowed = Double(6 * process.rate) / 100 * (1 + 1e6 / Double(world.poll) + 3e6 / Double(process.lease)) + 4
      if Double(process.calls - before) > allowed {
        violate("idle process \(process.number) made \(process.calls - before) calls in 6 s")
      }
    }
  }

  /// Drained, every worker leaves, and nothing is left behind.
  private func leave() {
    guard violation == nil else { return }
    for process in processes where process.isAlive {
      process.core.drain(at: process.time(at: now))
      ring(process)
    }
    play(until: now + 30_000_000)
    for process in processes where process.isAlive && violation == nil {
      violate("process \(process.number) was drained and did not leave")
    }
    for index in store.runs.indices {
      for step in store.runs[index].steps where !step.isOver { violate("step \(step.id) is left behind") }
    }
  }

  // MARK: - Telling

  func violate(_ what: String) {
    guard violation == nil else { return }
    violation = what
    trace("BROKEN: \(what)")
  }

  func trace(_ line: @autoclosure () -> String) {
    guard isTraced else { return }
    lines.append("\(Double(now) / 1e6) s  \(line())")
  }
}
