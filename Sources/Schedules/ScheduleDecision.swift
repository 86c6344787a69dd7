internal import TimeZones

/// What a scheduler has to do for one policy at one moment.
public struct ScheduleDecision: Sendable, Hashable {
  /// The slots to fire now, ascending.
  public var fire: [DueSlot] = []
  /// The slots that will never fire, to be recorded; ascending.
  public var missed: [MissedSlot] = []
  /// The last slot that has been decided, now or before: `lastDecided` of the next call. Nil if there is none yet.
  public var decidedThrough: Int64?
  /// When there is something to decide next; `now` if there is more already. Nil if the cron expression has ended.
  public var lookAgainAt: Int64?
}

/// A slot and the instant at which it falls due.
public struct DueSlot: Sendable, Hashable {
  /// The instant that the cron expression names.
  public var slot: Int64
  /// `slot`, or the opening of the window that it waited for, plus jitter.
  public var fireAt: Int64
}

/// A slot that will not fire.
public struct MissedSlot: Sendable, Hashable {
  /// The instant that the cron expression names.
  public var slot: Int64
  /// Why it does not fire.
  public var reason: Reason

  /// Why a slot does not fire.
  public enum Reason: String, Sendable {
    /// Nobody fired it in time, and the catch-up rule does not make up for it.
    case late
    /// A later slot waited for the same window and takes its place.
    case collapsed
  }
}

extension ScheduleRules {
  /// Decides which slots fire now.
  ///
  /// A pure function: equal input gives equal decisions on every machine. Each slot from `since` on is decided once, if
  /// `decidedThrough` is handed back as `lastDecided`: it is in `fire` or in `missed`, never in both. One call decides
  /// a bounded number of slots; if more are due, `lookAgainAt` is `now`.
  ///
  /// A slot that lies outside of all windows falls due when the next one opens. What is late waits for an open window,
  /// too. A window closes `graceSeconds` late for what fell due inside it.
  /// - Parameters:
  ///   - policy: The policy's name, which its jitter follows from.
  ///   - since: The first instant that counts: when the policy was made, or resumed.
  ///   - lastDecided: The last slot that was decided; nil if none was.
  ///   - now: The current instant. One that lies before earlier ones does no harm.
  public func decide(policy: String, since: Int64, lastDecided: Int64?, now: Int64) -> ScheduleDecision {
    let now = bounded(now)
    var decision = ScheduleDecision(decidedThrough: lastDecided)
    var timing = SlotTiming(rules: self, jitter: jitter(of: policy))

    // What is due, and when the next slot will be.
    let bound = 1000 + keptBacklog
    var due: [DueSlot] = []
    var isCut = false
    var next = cron.nextSlot(after: max(bounded(since) - 1, lastDecided ?? .min), in: timeZone)
    while let slot = next {
      let fireAt = timing.fireAt(slot)
      if fireAt > now {
        decision.lookAgainAt = fireAt
        break
      }
      if due.count > bound {
        isCut = true
        decision.lookAgainAt = now
        break
      }
      due.append(DueSlot(slot: slot, fireAt: fireAt))
      next = cron.nextSlot(after: slot, in: timeZone)
    }
    if due.isEmpty { return decision }
    if let start = timing.closed(at: now) {
      decision.lookAgainAt = start
      return decision
    }

    // Backlog is what comes late, or shares its time with a later slot; the catch-up rule thins it out from its end.
    let reasons = due.indices.map { reason(of: due, at: $0, now: now) }
    var kept = catchUp == .latest && reasons.contains(nil) ? 0 : keptBacklog
    var fires = Array(repeating: true, count: due.count)
    for index in due.indices.reversed() where reasons[index] != nil {
      fires[index] = kept > 0
      kept = max(0, kept - 1)
    }
    // Where the list is cut, its last slots can't be judged, because what follows them is not known yet.
    let decided = isCut ? due.count - keptBacklog - 1 : due.count
    for index in 0..<decided {
      if fires[index] {
        decision.fire.append(due[index])
      } else if let reason = reasons[index] {
        decision.missed.append(MissedSlot(slot: due[index].slot, reason: reason))
      }
      decision.decidedThrough = due[index].slot
    }
    return decision
  }

  /// The first instant that, as a slot, falls due later than `moment`: `since` for a policy that was paused until then.
  ///
  /// So slots count that still wait for their jitter or their window, and what fell due meanwhile does not.
  public func firstDue(after moment: Int64, policy: String) -> Int64 {
    let moment = bounded(moment)
    var timing = SlotTiming(rules: self, jitter: jitter(of: policy))
    // Later slots never fall due earlier, and none waits for longer than until the window after the next.
    var early = moment - Self.jitterRange.upperBound - 30 * secondsPerDay
    var late = moment + 1
    while early < late {
      let middle = early + (late - early) / 2
      if timing.fireAt(middle) > moment { late = middle } else { early = middle + 1 }
    }
    return late
  }

  /// How many slots of a backlog fire.
  private var keptBacklog: Int {
    switch catchUp {
    case .none: 0
    case .latest: 1
    case .all: catchUpLimit
    }
  }

  /// Why a due slot belongs to the backlog; nil if it does not.
  private func reason(of due: [DueSlot], at index: Int, now: Int64) -> MissedSlot.Reason? {
    if now - due[index].fireAt > graceSeconds { return .late }
    let isShared = index + 1 < due.count && due[index + 1].fireAt == due[index].fireAt
    return isShared ? .collapsed : nil
  }
}

/// When slots fall due, by the windows and the jitter.
private struct SlotTiming {
  let rules: ScheduleRules
  let jitter: Int64
  private var finder: WindowFinder

  init(rules: ScheduleRules, jitter: Int64) {
    self.rules = rules
    self.jitter = jitter
    finder = WindowFinder(windows: rules.windows, zone: rules.timeZone)
  }

  /// When a slot falls due. Never decreases from slot to slot.
  mutating func fireAt(_ slot: Int64) -> Int64 {
    guard !rules.windows.isEmpty else { return slot + jitter }
    let span = finder.span(from: slot)
    return min(max(slot, span.opens) + jitter, span.closes - 1)
  }

  /// If nothing may fire at this instant, the instant at which it may.
  mutating func closed(at instant: Int64) -> Int64? {
    guard !rules.windows.isEmpty else { return nil }
    let start = finder.span(from: instant - rules.graceSeconds).start(jitter: jitter)
    return start > instant ? start : nil
  }
}
