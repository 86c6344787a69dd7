import Testing

@testable import StepEngine

/// The decisions of a worker, one by one; Simulation/ plays them all together.
@Suite struct WorkerCoreTests {
  // MARK: - Beginning

  @Test("a worker registers, renews, looks after time, and then claims") func beginning() {
    var core = WorkerCore(settings: .test)
    #expect(core.nextAction(at: .zero) == .register)
    core.registered(as: 7, sentAt: .zero)
    #expect(core.nextAction(at: .zero) == .tick)
    core.ticked(nextDue: .seconds(60), at: .zero)
    guard case .exchange(let request) = core.nextAction(at: .zero) else {
      Issue.record("it does not claim")
      return
    }
    #expect(request.worker == 7)
    #expect(request.want == 4)
    #expect(!request.idle)
  }

  // MARK: - Claiming

  struct Claim: CustomTestStringConvertible {
    let testDescription: String
    let claimed: Int
    let isIdle: Bool
    let next: Duration
  }

  @Test(
    "how soon it looks again depends on what it found",
    arguments: [
      Claim(testDescription: "full: at once", claimed: 4, isIdle: false, next: .zero),
      Claim(testDescription: "nothing: once more at once, as an idle worker", claimed: 0, isIdle: false, next: .zero),
      Claim(testDescription: "a few: soon, as an idle worker", claimed: 2, isIdle: false, next: .milliseconds(2)),
      Claim(testDescription: "nothing again: at the next poll", claimed: 0, isIdle: true, next: .seconds(1)),
    ])
  func looking(_ claim: Claim) {
    var core = WorkerCore.ready()
    if claim.isIdle { core.answer([], at: .zero) }
    core.answer((0..<claim.claimed).map { .test(Int64($0 + 1)) }, at: .zero)
    // With room, so that only the appetite decides.
    if claim.claimed == 4 { core.end(1, .succeeded(outputs: nil), at: .zero) }
    switch core.nextAction(at: .zero) {
    case .exchange(let request):
      #expect(claim.next == .zero)
      #expect(request.idle == (claim.claimed < 4))
    case .wait(let until): #expect(until == claim.next)
    default: Issue.record("neither a look nor a wait")
    }
  }

  @Test("a notification ends the rest of an idle worker") func notified() {
    var core = WorkerCore.ready()
    core.answer([], at: .zero)
    core.answer([], at: .zero)
    #expect(core.nextAction(at: .milliseconds(10)) == .wait(until: .seconds(1)))
    core.notified(stop: false, at: .milliseconds(10))
    #expect(core.nextAction(at: .milliseconds(10)).exchange?.idle == true)
  }

  @Test("a notification counts even while the idle look is under way") func notifiedMeanwhile() throws {
    var core = WorkerCore.ready()
    core.answer([], at: .zero)
    let request = try #require(core.nextAction(at: .zero).exchange)
    core.exchangeSent(request)
    core.notified(stop: false, at: .milliseconds(1))
    _ = core.exchangeReplied(ExchangeReply(), to: request, sentAt: .zero, at: .milliseconds(2))
    #expect(core.nextAction(at: .milliseconds(2)).exchange?.idle == true)
  }

  @Test("it wants as many steps as it has slots free") func slots() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3)], at: .zero)
    #expect(core.nextAction(at: .milliseconds(2)).exchange?.want == 1)
    core.answer([.test(4)], at: .milliseconds(2))
    #expect(core.nextAction(at: .milliseconds(4)) == .wait(until: .seconds(1)))
  }

  @Test("steps whose lease was over before the answer came are not begun") func lateClaim() throws {
    var core = WorkerCore.ready()
    let request = try #require(core.nextAction(at: .zero).exchange)
    core.exchangeSent(request)
    var reply = ExchangeReply()
    reply.claimed = [.test(1)]
    let effects = core.exchangeReplied(reply, to: request, sentAt: .zero, at: .seconds(31))
    #expect(effects.isEmpty)
    #expect(core.nextAction(at: .seconds(31)).heartbeat?.held == [])
  }

  @Test("a step that comes back replaces its older attempt, which still takes a slot") func sameStepAgain() {
    var core = WorkerCore.ready()
    core.answer([.test(1, fence: 1)], at: .zero)
    let again = ClaimedStep.test(1, fence: 2)
    let effects = core.claim([again], at: .milliseconds(2))
    #expect(effects == [.cancel(.test(1, fence: 1)), .start(again)])
    #expect(core.runningCount == 2)
    _ = core.stepFinished(.test(1, fence: 1), .succeeded(outputs: nil), at: .milliseconds(3))
    #expect(core.unreportedCount == 0)
    #expect(core.runningCount == 1)
  }

  // MARK: - Reporting

  @Test("the first report waits for others, but not for long") func flush() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    let looks = (1...2).map { core.end($0, .succeeded(outputs: nil), at: .milliseconds(10)) }
    #expect(looks == [true, false], "the first report makes the shell look when to send it")
    #expect(core.nextReports(at: .milliseconds(12)) == [1, 2])
  }

  @Test("the last report goes at once") func lastReport() {
    var core = WorkerCore.ready()
    core.answer([.test(1)], at: .zero)
    core.answer([], at: .milliseconds(2))
    let looks = core.end(1, .succeeded(outputs: nil), at: .milliseconds(10))
    #expect(looks)
    #expect(core.nextReports(at: .milliseconds(10)) == [1])
  }

  @Test("a full batch goes at once, and the rest with the next") func batch() {
    var settings = WorkerCore.Settings.test
    settings.batch = 2
    var core = WorkerCore.ready(settings)
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    for number: Int64 in 1...3 { core.end(number, .succeeded(outputs: nil), at: .milliseconds(10)) }
    #expect(core.nextReports(at: .milliseconds(10)) == [1, 2])
    core.answer([], at: .milliseconds(10))
    #expect(core.nextReports(at: .milliseconds(12)) == [3])
  }

  @Test("what a step says and how it was stopped decide its report", arguments: Ending.all)
  func reports(_ ending: Ending) {
    var core = WorkerCore.ready()
    core.answer([.test(1, timeLimit: .seconds(5))], at: .zero)
    var now = Duration.seconds(1)
    switch ending.stop {
    case .none: break
    case .cancelled: core.stop(1, isStale: false, at: now)
    case .lost: core.stop(1, isStale: true, at: now)
    case .shutdown: _ = core.cancelAll()
    case .timeLimit:
      now = .seconds(5)
      let effects = core.due(at: now)
      #expect(effects == [.cancel(.test(1))])
    }
    core.end(1, ending.result, at: now)
    let last = core.lastExchange()
    #expect(last?.reports.first?.result.outcome == ending.reported)
  }

  struct Ending: CustomTestStringConvertible {
    enum Stop { case none, cancelled, lost, shutdown, timeLimit }
    let testDescription: String
    let stop: Stop
    let result: StepResult
    let reported: String?

    init(_ description: String, _ stop: Stop, _ result: StepResult, _ reported: String?) {
      testDescription = description
      self.stop = stop
      self.result = result
      self.reported = reported
    }

    static let failed = StepResult.failed(StepFailure(.retryable, "no"))
    static let all = [
      Ending("success", .none, .succeeded(outputs: nil), "succeeded"),
      Ending("failure", .none, failed, "failed"),
      Ending("wait", .none, .wait(StepWait(reason: "later")), "wait"),
      Ending("gives up uncalled: a failure", .none, .returned, "failed"),
      Ending("cancelled: gives up", .cancelled, .returned, "cancelled"),
      Ending("cancelled: fails", .cancelled, failed, "cancelled"),
      Ending("cancelled, yet it succeeded", .cancelled, .succeeded(outputs: nil), "succeeded"),
      Ending("lost: gives up", .lost, .returned, nil),
      Ending("lost, yet it succeeded: nobody's", .lost, .succeeded(outputs: nil), nil),
      Ending("shutdown: handed back", .shutdown, .returned, "returned"),
      Ending("shutdown: a failure is no fault of it", .shutdown, failed, "returned"),
      Ending("over its time: a failure", .timeLimit, .returned, "failed"),
      Ending("over its time, yet it succeeded", .timeLimit, .succeeded(outputs: nil), "succeeded"),
    ]
  }

  @Test("reports of a failed exchange go again, in their order") func again() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .milliseconds(10))
    let request = try #require(core.nextAction(at: .milliseconds(12)).exchange)
    core.exchangeSent(request)
    core.end(2, .succeeded(outputs: nil), at: .milliseconds(13))
    core.exchangeFailed(StoreError(.unreachable, "gone"), at: .milliseconds(20))
    #expect(core.nextReports(at: .milliseconds(22)) == [1, 2])
  }

  @Test(
    "only a call that may have happened is followed by a heartbeat at once",
    arguments: [(StoreError.Kind.unreachable, false), (.outcomeUnknown, true), (.full, true), (.rejected, true)])
  func reconcile(_ kind: StoreError.Kind, isUrgent: Bool) throws {
    var core = WorkerCore.ready()
    let request = try #require(core.nextAction(at: .zero).exchange)
    core.exchangeSent(request)
    core.exchangeFailed(StoreError(kind, "broken"), at: .milliseconds(1))
    #expect((core.nextAction(at: .milliseconds(1)).heartbeat != nil) == isUrgent)
  }

  @Test("a refused batch goes one by one without claiming, until the culprit is found") func caution() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3)], at: .zero)
    for number: Int64 in 1...3 { core.end(number, .succeeded(outputs: "\(number)"), at: .zero) }
    core.refuse(at: .zero)
    #expect(core.nextReports(at: .milliseconds(2)) == [1])
    #expect(core.nextAction(at: .milliseconds(2)).exchange?.want == 0, "it claims nothing meanwhile")
    core.answer([], at: .milliseconds(2))
    #expect(core.nextReports(at: .milliseconds(4)) == [2])
    core.refuse(at: .milliseconds(4))
    let second = try #require(core.nextAction(at: .milliseconds(6)).exchange)
    #expect(second.reports.map(\.result.outcome) == ["failed"], "the culprit's step fails for good")
    core.answer([], at: .milliseconds(6))
    let third = try #require(core.nextAction(at: .milliseconds(8)).exchange)
    #expect(third.reports == [StepReport(step: .test(3), result: .succeeded(outputs: "3"))])
    core.answer([], at: .milliseconds(8))
    #expect(core.nextAction(at: .milliseconds(8)).exchange?.want == 4)
  }

  @Test("a single report is not blamed for a claim that was refused with it") func innocent() {
    var core = WorkerCore.ready()
    core.answer([.test(1)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .zero)
    core.refuse(at: .zero)
    let request = core.nextAction(at: .milliseconds(2)).exchange
    #expect(request?.reports.first?.result == .succeeded(outputs: nil))
    #expect(request?.want == 0)
  }

  @Test("after an exchange that took too long the next ones are smaller and claim nothing, until all is reported")
  func tookTooLong() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    for number: Int64 in 1...4 { core.end(number, .succeeded(outputs: nil), at: .zero) }
    core.giveUp(at: .zero)
    #expect(core.nextReports(at: .milliseconds(2)) == [1, 2])
    #expect(core.nextAction(at: .milliseconds(2)).exchange?.want == 0)
    core.giveUp(at: .milliseconds(2))
    #expect(core.nextReports(at: .milliseconds(4)) == [1])
    core.giveUp(at: .milliseconds(4))
    let first = core.answer([], at: .milliseconds(6))
    #expect(first.reports.map(\.step.id.value) == [2] && first.want == 0, "never less than one")
    #expect(core.nextReports(at: .milliseconds(8)) == [3, 4])
    core.answer([], at: .milliseconds(8))
    let last = core.answer([], at: .milliseconds(10))
    #expect(last.reports.map(\.step.id.value) == [1] && last.want == 0)
    core.ticked(nextDue: .seconds(60), at: .seconds(2))
    #expect(core.nextAction(at: .seconds(2)).exchange?.want == 4)
  }

  @Test("a report that takes too long even alone waits for the others, and may then take twice as long each time")
  func tookTooLongAlone() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .zero)
    core.giveUp(at: .milliseconds(2))
    core.giveUp(at: .milliseconds(4))
    core.end(2, .succeeded(outputs: nil), at: .milliseconds(4))
    let patient = try #require(core.nextAction(at: .milliseconds(6)).exchange)
    #expect(patient.reports.map(\.step) == [.test(1)] && patient.want == 0 && patient.patience == 2)
    core.giveUp(at: .milliseconds(6))
    core.end(3, .succeeded(outputs: nil), at: .milliseconds(6))
    let other = core.answer([], at: .milliseconds(8))
    #expect(other.reports.map(\.step) == [.test(2)] && other.patience == 1)
    let last = core.answer([], at: .milliseconds(10))
    #expect(last.reports.map(\.step) == [.test(1)] && last.patience == 4)
    #expect(core.nextReports(at: .milliseconds(12)) == [3])
  }

  @Test("beside an exchange that takes long, the leases of its reports are renewed, too") func renewalBeside() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .zero)
    let request = try #require(core.nextAction(at: .milliseconds(2)).exchange)
    core.exchangeSent(request)
    core.end(2, .succeeded(outputs: nil), at: .milliseconds(3))
    let heartbeat = try #require(core.heartbeatBeside())
    #expect(Set(heartbeat.held) == [.test(1), .test(2), .test(3)] && !heartbeat.reconcile)
    _ = core.heartbeatReplied(HeartbeatReply(), to: heartbeat, sentAt: .seconds(20))
    let effects = core.due(at: .seconds(45))
    #expect(effects.isEmpty)
  }

  @Test("a claim that took too long is made smaller, and grows again") func claimTookTooLong() {
    var core = WorkerCore.ready()
    core.giveUp(at: .zero)
    core.ticked(nextDue: .seconds(60), at: .seconds(1))
    #expect(core.nextAction(at: .seconds(1)).exchange?.want == 2)
    core.answer([], at: .seconds(1))
    core.ticked(nextDue: .seconds(60), at: .seconds(3))
    #expect(core.nextAction(at: .seconds(3)).exchange?.want == 4)
  }

  // MARK: - Leases

  @Test("a third of the lease after the last renewal it is renewed, with all that is held") func renewal() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .seconds(10))
    let held = core.nextAction(at: .seconds(10)).heartbeat?.held ?? []
    #expect(Set(held) == [.test(1), .test(2), .test(3), .test(4)])
  }

  @Test("once its leases are over by its own clock it stops all, tells the store, and reports none of it")
  func selfFencing() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2)], at: .zero)
    let effects = [Duration.milliseconds(29_999), .seconds(30), .seconds(31)].map { core.due(at: $0) }
    #expect(effects.map(\.count) == [0, 2, 0], "each is told once")
    #expect(Set(effects[1].compactMap(\.cancelled)) == [.test(1), .test(2)])
    let heartbeat = core.nextAction(at: .seconds(31)).heartbeat
    #expect(heartbeat?.held == [] && heartbeat?.reconcile == true)
    core.end(1, .succeeded(outputs: nil), at: .seconds(32))
    let last = core.lastExchange()
    #expect(last == nil)
  }

  @Test("a heartbeat that was sent before the leases were given up does not settle it") func lateHeartbeat() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1)], at: .zero)
    let request = try #require(core.nextAction(at: .seconds(29)).heartbeat)
    _ = core.due(at: .seconds(30))
    _ = core.heartbeatReplied(HeartbeatReply(), to: request, sentAt: .seconds(29))
    #expect(core.nextAction(at: .seconds(30)).heartbeat?.held == [])
  }

  @Test("a worker that was taken for lost stops all and registers anew, with nothing to report") func retired() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2)], at: .zero)
    core.end(1, .succeeded(outputs: nil), at: .seconds(10))
    let request = try #require(core.nextAction(at: .seconds(10)).heartbeat)
    var reply = HeartbeatReply()
    reply.isRetired = true
    let effects = core.heartbeatReplied(reply, to: request, sentAt: .seconds(10))
    #expect(effects == [.cancel(.test(2))])
    #expect(core.nextAction(at: .seconds(10)) == .register)
    let last = core.lastExchange()
    #expect(last == nil)
  }

  @Test("a call to stop that comes during a heartbeat brings another one at once") func stopMeanwhile() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1)], at: .zero)
    let request = try #require(core.nextAction(at: .seconds(10)).heartbeat)
    core.notified(stop: true, at: .milliseconds(10_001))
    _ = core.heartbeatReplied(HeartbeatReply(), to: request, sentAt: .seconds(10))
    #expect(core.nextAction(at: .milliseconds(10_002)).heartbeat != nil)
  }

  // MARK: - Ending

  @Test("a drained worker says so, claims nothing, reports what ends, and leaves") func draining() throws {
    var core = WorkerCore.ready()
    core.answer([.test(1)], at: .zero)
    core.drain(at: .milliseconds(10))
    let request = try #require(core.nextAction(at: .milliseconds(10)).heartbeat)
    #expect(request.isDraining)
    _ = core.heartbeatReplied(HeartbeatReply(), to: request, sentAt: .milliseconds(10))
    #expect(core.nextAction(at: .milliseconds(20)) == .wait(until: .seconds(1)))
    core.end(1, .succeeded(outputs: nil), at: .milliseconds(30))
    let last = try #require(core.nextAction(at: .milliseconds(30)).exchange)
    #expect(last.want == 0 && last.reports.count == 1)
    core.answer([], at: .milliseconds(30))
    #expect(core.nextAction(at: .milliseconds(30)) == .leave)
  }

  @Test("a worker that ends reports in portions, and last once more what takes too long alone") func lastPortions() {
    var core = WorkerCore.ready()
    core.answer([.test(1), .test(2), .test(3), .test(4)], at: .zero)
    for number: Int64 in 1...4 { core.end(number, .succeeded(outputs: nil), at: .zero) }
    core.giveUp(at: .zero)
    var sent: [[Int64]] = []
    while sent.count < 10, let request = core.lastExchange() {
      sent.append(request.reports.map(\.step.id.value))
      core.exchangeSent(request)
      if request.reports.contains(where: { $0.step == .test(1) }) {
        core.exchangeFailed(StoreError(.unreachable, "slow", tookTooLong: true), at: .zero)
      } else {
        _ = core.exchangeReplied(ExchangeReply(), to: request, sentAt: .zero, at: .zero)
      }
    }
    #expect(sent == [[1, 2], [1], [2], [3, 4], [1]])
  }

  @Test("what comes due soon is looked after soon, but never in a busy loop", arguments: [0, 2, 300, 60_000])
  func ticking(milliseconds: Int) {
    var core = WorkerCore.ready(.init(slots: 0, lease: .seconds(30)))
    core.ticked(nextDue: .milliseconds(milliseconds), at: .zero)
    #expect(core.nextAction(at: .zero) == .wait(until: .milliseconds(min(1000, max(5, milliseconds)))))
  }
}

// MARK: - Words for the tests

extension WorkerCore.Settings {
  fileprivate static let test = Self(slots: 4, lease: .seconds(30))
}

extension HeldStep {
  fileprivate static func test(_ number: Int64, fence: Int64? = nil) -> HeldStep {
    HeldStep(id: StepID(number), fence: Fence(fence ?? number))
  }
}

extension ClaimedStep {
  fileprivate static func test(_ number: Int64, fence: Int64? = nil, timeLimit: Duration? = nil) -> ClaimedStep {
    ClaimedStep(
      step: .test(number, fence: fence), lane: 1, sequence: number, body: 1, name: "s", attempt: 1, timeLimit: timeLimit
    )
  }
}

extension WorkerCore.Action {
  fileprivate var exchange: ExchangeRequest? { if case .exchange(let request) = self { request } else { nil } }
  fileprivate var heartbeat: HeartbeatRequest? { if case .heartbeat(let request) = self { request } else { nil } }
}

extension WorkerCore.Effect {
  fileprivate var cancelled: HeldStep? { if case .cancel(let step) = self { step } else { nil } }
}

extension WorkerCore {
  /// Registered at zero, with the first tick made.
  fileprivate static func ready(_ settings: Settings = .test) -> WorkerCore {
    var core = WorkerCore(settings: settings)
    core.registered(as: 1, sentAt: .zero)
    core.ticked(nextDue: .seconds(60), at: .zero)
    return core
  }

  /// Makes the next exchange, and answers it.
  fileprivate mutating func claim(_ claimed: [ClaimedStep], at now: Duration) -> [Effect] {
    guard let request = nextAction(at: now).exchange else {
      Issue.record("the next call at \(now) is no exchange but \(nextAction(at: now))")
      return []
    }
    exchangeSent(request)
    var reply = ExchangeReply()
    reply.claimed = claimed
    return exchangeReplied(reply, to: request, sentAt: now, at: now)
  }

  @discardableResult
  fileprivate mutating func answer(_ claimed: [ClaimedStep], at now: Duration) -> ExchangeRequest {
    let request = nextAction(at: now).exchange ?? ExchangeRequest(worker: 0)
    _ = claim(claimed, at: now)
    return request
  }

  fileprivate mutating func refuse(at now: Duration) {
    guard let request = nextAction(at: now).exchange else {
      Issue.record("the next call at \(now) is no exchange")
      return
    }
    exchangeSent(request)
    exchangeFailed(StoreError(.rejected, "can't be stored"), at: now)
    // The heartbeat that every doubt brings.
    guard let heartbeat = nextAction(at: now + .milliseconds(1)).heartbeat else { return }
    _ = heartbeatReplied(HeartbeatReply(), to: heartbeat, sentAt: now + .milliseconds(1))
  }

  /// The next exchange takes too long.
  fileprivate mutating func giveUp(at now: Duration) {
    guard let request = nextAction(at: now).exchange else {
      Issue.record("the next call at \(now) is no exchange")
      return
    }
    exchangeSent(request)
    exchangeFailed(StoreError(.unreachable, "slow", tookTooLong: true), at: now)
  }

  @discardableResult
  fileprivate mutating func end(_ number: Int64, _ result: StepResult, at now: Duration) -> Bool {
    stepFinished(.test(number), result, at: now)
  }

  fileprivate mutating func stop(_ number: Int64, isStale: Bool, at now: Duration) {
    let request = HeartbeatRequest(worker: 1, held: [.test(number)], isDraining: false, reconcile: true)
    var reply = HeartbeatReply()
    reply.stops = [.init(step: .test(number), isStale: isStale, reason: "")]
    let effects = heartbeatReplied(reply, to: request, sentAt: now)
    #expect(effects == [.cancel(.test(number))])
  }

  fileprivate func nextReports(at now: Duration) -> [Int64]? {
    nextAction(at: now).exchange?.reports.map(\.step.id.value)
  }
}
