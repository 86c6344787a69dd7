/// What a worker decides, as a value: what to call next, which steps to start and which to stop.
///
/// Knows neither threads nor a database, so a simulation can drive it through any history. Times are durations since some
/// fixed moment; the worker's own clock only decides when to call, never who holds a lease.
struct WorkerCore: Sendable {
  struct Settings: Sendable, Equatable {
    var slots: Int
    var lease: Duration
    /// How long to rest when there is nothing to do and nobody calls.
    var poll: Duration = .seconds(1)
    /// How long a finished step may wait for others to be reported with it.
    var flush: Duration = .milliseconds(2)
    /// How often to look after what time brings.
    var tick: Duration = .seconds(1)
    /// At most so many reports in one exchange.
    var batch = 500
    /// At most so many times as long as usual a report may take.
    var longestPatience = 32
  }

  /// The next call to the store.
  enum Action: Sendable, Equatable {
    case exchange(ExchangeRequest)
    case heartbeat(HeartbeatRequest)
    case tick
    /// The store took this worker for lost: begin anew with another id.
    case register
    /// Everything is handed over: the worker is done.
    case leave
    /// Nothing to call before this moment, unless something happens.
    case wait(until: Duration)
  }

  /// What the shell has to do with steps.
  enum Effect: Sendable, Equatable {
    case start(ClaimedStep)
    case cancel(HeldStep)
  }

  /// Why a running step was told to stop; decides what is reported of it.
  private enum StopCause: Sendable, Equatable {
    case timeLimit(Duration)
    case runCancelled
    case shutdown
    /// The lease is gone: whatever comes out of it is nobody's.
    case lost
  }

  private struct Running: Sendable {
    let step: HeldStep
    let timeLimit: Duration?
    let timeLimitAt: Duration?
    var stop: StopCause?
  }

  /// Whether to look for more steps.
  private enum Appetite: Sendable, Equatable {
    /// The last claim was full: there is more.
    case hungry
    /// The last claim came short: look once more from this moment on, and be told when something comes.
    case wary(from: Duration)
    case resting(until: Duration)
  }

  private(set) var worker: Int32?
  private let settings: Settings
  private var running: [StepID: Running] = [:]
  /// Lost attempts of steps that run here anew; they hold a slot until they have ended.
  private var superseded: Set<HeldStep> = []
  private var finished: [StepReport] = []
  private var firstFinishedAt: Duration?
  private var sent: [StepReport] = []
  /// How many steps the exchange under way asks for.
  private var sentWant = 0
  private var appetite = Appetite.hungry
  private var marks = ClaimMarks()
  private var heartbeatDue: Duration = .zero
  private var tickDue: Duration = .zero
  /// The last notifications. An answer that was on its way then doesn't know what they were about.
  private var notifiedAt: Duration?
  private var notifiedToStopAt: Duration?
  /// The leases last at least until a lease length after this.
  private var renewedAt: Duration = .zero
  /// Set when something may be leased to this worker that it does not do: the next heartbeat, sent after this, is urgent.
  private var reconcileAfter: Duration?
  private(set) var isDraining = false
  /// Steps have printed something that the store does not have yet.
  private var logWaits = false
  /// So many reports were refused as one batch: they go one by one, and claim nothing, to find out which it was.
  private var suspects = 0
  /// An exchange took too long: at most so many reports or claims in one, twice as many with each that is answered.
  private var portion = Int.max
  /// Reports that took too long even alone: they go alone, and may take so many times as long as usual.
  private var slow: [HeldStep: Int] = [:]
  /// Of these, those that were tried once more before the end.
  private var lastTries: Set<HeldStep> = []

  init(settings: Settings) { self.settings = settings }

  var runningCount: Int { running.count + superseded.count }
  var unreportedCount: Int { finished.count + sent.count }
  /// Whether it was drained and holds nothing that the store would have to hear of.
  var isDrained: Bool { isDraining && runningCount == 0 && unreportedCount == 0 }

  // MARK: - What to do next

  /// The next call, if nothing happens in between.
  func nextAction(at now: Duration) -> Action {
    guard let worker else { return .register }
    if reconcileAfter != nil || now >= heartbeatDue {
      // This is everything that is held, as no exchange is under way. A call whose answer was given up may have its effect
      // long after that, and its claims would be nobody's: so every heartbeat hands back what is leased beyond this.
      return .heartbeat(HeartbeatRequest(worker: worker, held: held, isDraining: isDraining, reconcile: true))
    }
    if now >= tickDue { return .tick }
    if mustFlush(at: now) || mayClaim(at: now) { return .exchange(exchange(worker, at: now)) }
    if isDraining, runningCount == 0, finished.isEmpty { return .leave }
    return .wait(until: nextMoment(after: now))
  }

  /// A heartbeat beside an exchange that may take longer than the leases last. It hands nothing back, since it may have its
  /// effect after later claims. Nil if there are no leases.
  func heartbeatBeside() -> HeartbeatRequest? {
    guard let worker else { return nil }
    return HeartbeatRequest(worker: worker, held: held, isDraining: isDraining, reconcile: false)
  }

  private var held: [HeldStep] {
    running.values.filter { $0.stop != .lost }.map(\.step) + (sent + finished).map(\.step)
  }

  private var freeSlots: Int { isDraining ? 0 : max(0, settings.slots - runningCount) }

  private func mustFlush(at now: Duration) -> Bool {
    if logWaits { return true }
    guard let first = firstFinishedAt else { return false }
    return running.isEmpty || finished.count >= settings.batch || now >= first + settings.flush
  }

  private func mayClaim(at now: Duration) -> Bool {
    guard freeSlots > 0 else { return false }
    switch appetite {
    case .hungry: return true
    case .wary(let from): return now >= from
    case .resting(let until): return now >= until
    }
  }

  private func exchange(_ worker: Int32, at now: Duration) -> ExchangeRequest {
    var request = ExchangeRequest(worker: worker)
    if let first = finished.first {
      request.patience = slow[first.step] ?? 1
      request.reports = suspects > 0 || request.patience > 1 ? [first] : nextPortion(of: finished)
    }
    // What is refused then is this report, and not a claim; nor does a claim take the time of reports that take long.
    let isCautious = suspects > 0 || portion < .max || request.patience > 1
    request.want = isCautious && !finished.isEmpty ? 0 : min(freeSlots, portion)
    request.idle = appetite != .hungry && request.want > 0
    request.marks = marks.current(at: now)
    request.afterLane = marks.afterLane
    return request
  }

  private func nextPortion(of reports: [StepReport]) -> [StepReport] {
    Array(reports.prefix(min(settings.batch, portion)).prefix { slow[$0.step] == nil })
  }

  private func nextMoment(after now: Duration) -> Duration {
    var moment = min(heartbeatDue, tickDue)
    if let first = firstFinishedAt { moment = min(moment, first + settings.flush) }
    if freeSlots > 0 {
      switch appetite {
      case .hungry: moment = now
      case .wary(let at), .resting(let at): moment = min(moment, at)
      }
    }
    return moment
  }

  /// What to report next when the worker ends now; takes nothing new. What takes long comes last, once each. Nil once there is
  /// nothing left.
  mutating func lastExchange() -> ExchangeRequest? {
    var reports = nextPortion(of: finished.filter { slow[$0.step] == nil })
    if reports.isEmpty, let last = finished.first(where: { !lastTries.contains($0.step) }) {
      lastTries.insert(last.step)
      reports = [last]
    }
    guard let worker, !reports.isEmpty else { return nil }
    var request = ExchangeRequest(worker: worker)
    request.reports = reports
    return request
  }

  // MARK: - What happened

  mutating func registered(as id: Int32, sentAt: Duration) {
    worker = id
    renewedAt = sentAt
    heartbeatDue = sentAt + settings.lease / 3
    appetite = .hungry
    marks = ClaimMarks()
    reconcileAfter = nil
    // Whatever was held under the old id is held no more.
    finished = []
    firstFinishedAt = nil
    sent = []
    slow = [:]
  }

  /// The exchange is on its way: its reports are neither here nor there until it is answered.
  mutating func exchangeSent(_ request: ExchangeRequest) {
    sent = request.reports
    sentWant = request.want
    logWaits = false
    let steps = Set(sent.map(\.step))
    finished.removeAll { steps.contains($0.step) }
    if finished.isEmpty { firstFinishedAt = nil }
  }

  mutating func exchangeReplied(
    _ reply: ExchangeReply, to request: ExchangeRequest, sentAt: Duration, at now: Duration
  ) -> [Effect] {
    sent = []
    for report in request.reports { slow[report.step] = nil }
    suspects = max(0, suspects - request.reports.count)
    portion = portion < settings.batch ? portion * 2 : .max
    guard !reply.isRetired else { return retire() }
    // An exchange leaves the leases at least 0.7 of their length.
    renewedAt = max(renewedAt, sentAt - settings.lease * 3 / 10)
    if request.want > 0 {
      marks.claimed(reply.claimed, with: request.marks, from: sentAt, to: now)
      if reply.claimed.count >= request.want {
        appetite = .hungry
      } else if request.idle, reply.claimed.isEmpty {
        let wasNotified = notifiedAt.map { $0 > sentAt } ?? false
        appetite = wasNotified ? .wary(from: now) : .resting(until: now + settings.poll)
      } else {
        appetite = .wary(from: reply.claimed.isEmpty ? now : now + settings.flush)
      }
    }
    guard now < renewedAt + settings.lease else {
      // The answer took so long that these steps may be another's by now; unless they are, the heartbeat returns them.
      reconcileAfter = now
      return []
    }
    return reply.claimed.flatMap { claimed in
      // If it runs here already, its lease was lost meanwhile and came back under another fence.
      let cancel = stop(claimed.step.id, .lost)
      if let old = running[claimed.step.id] { superseded.insert(old.step) }
      running[claimed.step.id] = Running(
        step: claimed.step, timeLimit: claimed.timeLimit, timeLimitAt: claimed.timeLimit.map { now + $0 })
      return [cancel, .start(claimed)].compactMap(\.self)
    }
  }

  /// Steps were claimed that can't be started now: the next heartbeat hands them back.
  mutating func claimsDropped(at now: Duration) { reconcileAfter = now }

  /// An exchange failed: its reports are to be sent again. That is safe even if they arrived, since they are fenced.
  mutating func exchangeFailed(_ error: StoreError, at now: Duration) {
    let count = sent.count
    if error.tookTooLong, count == 1, sentWant == 0 {
      // It alone takes that long: the others don't wait for it any more, and the next time it gets twice as long.
      for report in sent { slow[report.step] = min(settings.longestPatience, 2 * (slow[report.step] ?? 1)) }
      finished += sent
    } else {
      finished = sent + finished
      // The same again would take as long again, and be given up again.
      if error.tookTooLong { portion = max(1, max(count, sentWant) / 2) }
    }
    if !finished.isEmpty { firstFinishedAt = firstFinishedAt ?? now }
    sent = []
    switch error.kind {
    case .rejected, .invalid, .notFound, .wrongState, .staleFence:
      if count == 1, suspects > 0, let first = finished.first {
        // This very report can't be stored; its step fails with that instead of blocking all others.
        finished[0] = StepReport(
          step: first.step,
          result: .failed(StepFailure(.permanent, "what it reported could not be stored: \(error.description)")))
      }
      suspects = max(suspects, count)
    default: break
    }
    // Steps may have been claimed without our knowledge.
    if error.kind != .unreachable { reconcileAfter = now }
    if appetite == .hungry { appetite = .wary(from: now + settings.poll) }
  }

  mutating func heartbeatReplied(
    _ reply: HeartbeatReply, to request: HeartbeatRequest, sentAt: Duration
  ) -> [Effect] {
    guard !reply.isRetired else { return retire() }
    renewedAt = max(renewedAt, sentAt)
    let wasNotified = notifiedToStopAt.map { $0 > sentAt } ?? false
    // Just after it was drained, too, the store has to hear of it.
    if !wasNotified, request.isDraining == isDraining { heartbeatDue = sentAt + settings.lease / 3 }
    if request.reconcile, let after = reconcileAfter, sentAt > after { reconcileAfter = nil }
    return reply.stops.compactMap { stop in
      guard running[stop.step.id]?.step == stop.step else { return nil }
      return self.stop(stop.step.id, stop.isStale ? .lost : .runCancelled)
    }
  }

  mutating func heartbeatFailed(at now: Duration) {
    // Sooner than usual, since the leases run out meanwhile.
    heartbeatDue = now + min(settings.lease / 10, .seconds(1))
  }

  mutating func ticked(nextDue: Duration, at now: Duration) {
    tickDue = now + max(.milliseconds(5), min(settings.tick, nextDue))
  }

  mutating func tickFailed(at now: Duration) { tickDue = now + settings.tick }

  /// A notification came: there may be something to claim, or, with `stop`, a step to end.
  mutating func notified(stop: Bool, at now: Duration) {
    if stop {
      heartbeatDue = min(heartbeatDue, now)
      notifiedToStopAt = now
    } else {
      notifiedAt = now
    }
    if case .resting = appetite { appetite = .wary(from: now) }
  }

  /// A step's task is over. Returns whether the worker should look at once: with the first report, which starts the wait
  /// for others, and with the last, which ends it.
  mutating func stepFinished(_ step: HeldStep, _ result: StepResult, at now: Duration) -> Bool {
    if superseded.remove(step) != nil { return runningCount == 0 }
    guard let was = running[step.id], was.step == step else { return false }
    running[step.id] = nil
    switch (was.stop, result) {
    case (.lost, _): return runningCount == 0
    case (nil, .returned):
      // It gave up as if cancelled, and nobody did that: a fault of the step like any other.
      let failure = StepFailure(.retryable, "it ended as if it had been cancelled, but it was not")
      finished.append(StepReport(step: step, result: .failed(failure)))
    case (nil, _), (_, .succeeded), (_, .skipped): finished.append(StepReport(step: step, result: result))
    case (.runCancelled, _): finished.append(StepReport(step: step, result: .cancelled))
    case (.shutdown, _): finished.append(StepReport(step: step, result: .returned))
    case (.timeLimit(let limit), _):
      let failure = StepFailure(.retryable, "it ran over its time limit of \(limit.seconds) s and was stopped")
      finished.append(StepReport(step: step, result: .failed(failure)))
    }
    defer { firstFinishedAt = firstFinishedAt ?? now }
    return firstFinishedAt == nil || running.isEmpty || finished.count == settings.batch
  }

  /// Steps have printed lines, which the next exchange should take along soon.
  mutating func printed() { logWaits = worker != nil }

  /// What this moment demands without any call: steps over their time, and leases that may have ended.
  mutating func due(at now: Duration) -> [Effect] {
    if now >= renewedAt + settings.lease, running.values.contains(where: { $0.stop != .lost }) {
      // No one may believe us any more, so neither do we: another worker may be doing these steps. If the store still
      // takes them for ours, it has to be told.
      reconcileAfter = now
      return running.keys.compactMap { stop($0, .lost) }
    }
    return running.values.compactMap { running in
      guard running.stop == nil, let limit = running.timeLimit, let at = running.timeLimitAt, now >= at else {
        return nil
      }
      return stop(running.step.id, .timeLimit(limit))
    }
  }

  /// Take no more; what runs goes on.
  mutating func drain(at now: Duration) {
    isDraining = true
    heartbeatDue = min(heartbeatDue, now)
  }

  /// The grace is over: stop what still runs and hand it back.
  mutating func cancelAll() -> [Effect] { running.keys.compactMap { stop($0, .shutdown) } }

  /// The store does not know us any more: stop everything, begin anew.
  private mutating func retire() -> [Effect] {
    worker = nil
    sent = []
    finished = []
    firstFinishedAt = nil
    slow = [:]
    suspects = 0
    return running.keys.compactMap { stop($0, .lost) }
  }

  private mutating func stop(_ id: StepID, _ cause: StopCause) -> Effect? {
    guard var step = running[id], step.stop != .lost, step.stop != cause else { return nil }
    let isFirst = step.stop == nil
    step.stop = cause
    running[id] = step
    return isFirst ? .cancel(step.step) : nil
  }
}
