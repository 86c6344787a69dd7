@testable import StepEngine

/// What goes wrong: calls, processes and the store.
extension Simulation {
  /// Makes one call of a process: it takes time, may have its effect or not, and may be answered or not.
  func call<Reply>(
    _ process: SimulatedProcess, _ what: @autoclosure () -> String,
    effect: @escaping () -> Result<Reply, StoreError>, answer: @escaping (Result<Reply, StoreError>) -> Void
  ) {
    process.isCalling = true
    process.calls += 1
    let isSlow = chance.percent(world.slow)
    let there = isSlow ? chance.within(10_000...world.lease) : chance.within(100...world.latency)
    let back = isSlow ? chance.within(10_000...world.lease) : chance.within(100...world.latency)
    let patience = world.lease * 2 / 3
    let fate = chance.below(100)
    let name = what()
    trace("process \(process.number) calls \(name)")

    if fate < world.unreachable {
      tally.note("calls without effect")
      return reply(process, after: there, .failure(Self.noEffect), answer)
    }
    if fate < world.unreachable + world.lateEffect {
      // Given up, and the server gets to it later.
      tally.note("calls with a late effect")
      process.hasLateCalls = true
      let late = patience + chance.within(1000...5_000_000)
      after(late) { [unowned self] in
        guard !self.isDown else { return }
        self.trace("a call of process \(process.number) has its late effect: \(name)")
        _ = effect()
      }
      return reply(process, after: patience, .failure(Self.unknown), answer)
    }
    let isAnswerLost = fate < world.unreachable + world.lateEffect + world.lostAnswer
    after(there) { [unowned self] in
      if self.isDown {
        self.tally.note("calls without effect")
        let error = self.chance.oneIn(2) ? Self.noEffect : Self.unknown
        return self.reply(process, after: self.chance.within(100...100_000), .failure(error), answer)
      }
      let result = effect()
      if isAnswerLost || there + back > patience {
        self.tally.note("lost answers")
        return self.reply(process, after: max(0, min(back, patience - there)), .failure(Self.unknown), answer)
      }
      self.reply(process, after: back, result, answer)
    }
  }

  private static let noEffect = StoreError(.unreachable, "the store can't be reached", tookTooLong: true)
  private static let unknown = StoreError(.outcomeUnknown, "the connection broke")

  private var isDown: Bool { outages.contains { $0.contains(now) } }

  private func reply<Reply>(
    _ process: SimulatedProcess, after delay: Moment, _ result: Result<Reply, StoreError>,
    _ answer: @escaping (Result<Reply, StoreError>) -> Void
  ) {
    deliver(process, at: now + delay) { [unowned self] in
      var pause = 0
      if case .failure(let error) = result {
        self.trace("process \(process.number): \(error.kind)")
        // The shell does not ask at once again.
        pause = 200_000
      }
      answer(result)
      self.deliver(process, at: self.now + pause) {
        process.isCalling = false
        self.takeTurn(process)
      }
    }
  }

  func planFaults() {
    func moment() -> Moment { chance.within(0...world.duration) }
    for _ in 0..<world.outages {
      let from = moment()
      let length = chance.within(100_000...world.lease * 2)
      outages.append(from...from + length)
      // Some come back as a new server, some were only out of reach.
      if chance.oneIn(2) { at(from + length) { [unowned self] in self.store.startedAt = self.now } }
    }
    for _ in 0..<world.kills {
      at(moment()) { [unowned self] in
        guard let process = self.anyProcess() else { return }
        self.trace("process \(process.number) is killed")
        self.tally.note("kills")
        process.isAlive = false
        self.after(self.chance.within(1000...3_000_000)) { self.startProcess() }
      }
    }
    for _ in 0..<world.freezes {
      at(moment()) { [unowned self] in
        guard let process = self.anyProcess() else { return }
        self.tally.note("freezes")
        process.frozenUntil = self.now + self.chance.within(100_000...self.world.lease * 3)
        process.wasFrozenAt = process.frozenUntil
        self.trace("process \(process.number) is frozen until \(process.frozenUntil)")
      }
    }
    for _ in 0..<world.drains {
      at(moment()) { [unowned self] in
        guard let process = self.anyProcess() else { return }
        self.deliver(process, at: self.now) {
          self.trace("process \(process.number) is drained")
          self.tally.note("drains")
          process.core.drain(at: process.time(at: self.now))
          self.ring(process)
        }
      }
    }
  }

  private func anyProcess() -> SimulatedProcess? {
    let alive = processes.filter { $0.isAlive && $0.frozenUntil <= now }
    return alive.isEmpty ? nil : alive[chance.below(alive.count)]
  }
}
