public import Schedules

/// What to do with slots that fall due while runs of the same policy may be live.
public struct OverlapPlan: Sendable, Hashable {
  /// The slot whose run starts now.
  public var start: Int64?
  /// The runs to cancel. One that is being cancelled already may be named again.
  public var cancel: [RunID] = []
  /// The slots that wait for the live runs to end, ascending; replaces what waited before.
  public var queued: [Int64] = []
  /// The slots that will never run, to be recorded as skipped; ascending.
  public var skipped: [Int64] = []
}

extension ScheduleRules {
  /// Decides what becomes of due slots beside live runs of the policy.
  ///
  /// To be asked when slots fall due, and with no slots when a run ends, so that what waits may start. At most one slot
  /// starts at a time, so runs of one policy never overlap. Every slot given appears in the plan exactly once.
  /// - Parameters:
  ///   - due: Slots to fire, as `decide` gives them.
  ///   - live: The policy's runs that have not ended.
  ///   - queued: The slots that wait, as the last plan left them.
  public func plan(due: [Int64], live: [RunID], queued: [Int64]) -> OverlapPlan {
    var plan = OverlapPlan()
    var waiting = Set(queued + due).sorted()
    guard let newest = waiting.last else { return plan }
    switch overlap {
    case .skip:
      // What waits was queued under another rule.
      plan.skipped = live.isEmpty ? waiting.dropLast() : waiting
      plan.start = live.isEmpty ? newest : nil
    case .queue:
      if live.isEmpty {
        // Only the newest is worth a run of its own, unless every slot is.
        let first = catchUp == .all ? waiting[max(0, waiting.count - queueLimit - 1)] : newest
        plan.start = first
        plan.skipped = waiting.filter { $0 < first }
        plan.queued = waiting.filter { $0 > first }
      } else {
        plan.queued = waiting.suffix(queueLimit)
        plan.skipped = waiting.dropLast(queueLimit)
      }
    case .replace:
      plan.skipped = Array(waiting.dropLast())
      waiting = [newest]
      if live.isEmpty {
        plan.start = newest
      } else {
        plan.cancel = live
        plan.queued = waiting
      }
    }
    return plan
  }

  /// How many slots may wait.
  private var queueLimit: Int { catchUp == .all ? catchUpLimit : 1 }
}
