internal import JSON
internal import Schedules

/// A policy that a scheduler looks at, with what the decision needs; instants are Unix seconds.
struct DuePolicy: Sendable, Equatable {
  let name: String
  let schedule: JSONValue
  let now: Int64
  let since: Int64
  /// To the microsecond, as the database has it.
  let decidedThroughExactly: Int64
  let live: [RunID]
  let queued: [Int64]
  /// What had fallen due up to here is passed over: the policy was paused, or had other times.
  let passedThrough: Int64?
  /// To the microsecond, as the database has it.
  let changedAtExactly: Int64

  var decidedThrough: Int64 { Int64((Double(decidedThroughExactly) / 1_000_000).rounded(.down)) }
}

/// What becomes of a policy's slots at one look, for holdfast.decide_slots. Pure.
struct PolicyDecision: Sendable, Equatable {
  /// What becomes of one slot.
  struct Slot: Sendable, Equatable {
    let slot: Int64
    /// fire | queue | skip | miss
    let state: String
    let reason: String?
  }

  let policy: DuePolicy
  let slots: [Slot]
  let cancel: [RunID]
  let decidedThrough: Int64
  let nextSlot: Int64?
  let lookAt: Int64?

  init(_ policy: DuePolicy, _ rules: ScheduleRules) {
    let waiting = policy.passedThrough.map { rules.firstDue(after: $0, policy: policy.name) } ?? .min
    let due = rules.decide(
      policy: policy.name, since: max(policy.since, policy.decidedThrough + 1, waiting),
      lastDecided: policy.decidedThrough, now: policy.now)
    let plan = rules.plan(due: due.fire.map(\.slot), live: policy.live, queued: policy.queued)
    var slots = due.missed.map { missed in
      Slot(
        slot: missed.slot, state: "miss",
        reason: missed.reason == .late ? "nobody fired it in time" : "a later slot waited for the same window")
    }
    if let start = plan.start { slots.append(Slot(slot: start, state: "fire", reason: nil)) }
    slots += plan.queued.filter { !policy.queued.contains($0) }
      .map { Slot(slot: $0, state: "queue", reason: "an earlier run of the policy is not over") }
    slots += plan.skipped.map { Slot(slot: $0, state: "skip", reason: "an earlier run of the policy was not over") }
    self.policy = policy
    self.slots = slots.sorted { $0.slot < $1.slot }
    cancel = plan.cancel
    decidedThrough = due.decidedThrough ?? policy.decidedThrough
    nextSlot = rules.cron.nextSlot(after: max(policy.now, decidedThrough), in: rules.timeZone)
    lookAt = due.lookAgainAt
  }
}
