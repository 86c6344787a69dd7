public import TimeZones

/// How a policy recurs: its cron expression, and what becomes of slots that can't run at their time.
///
/// A *slot* is an instant that the cron expression names. It falls due at the slot's time, or when the next window
/// opens, plus the policy's jitter. All instants are Unix seconds.
public struct ScheduleRules: Sendable, Hashable {
  /// When the policy recurs.
  public var cron: CronExpression
  /// The zone of the cron expression, and of windows that name none.
  public var timeZone: TimeZoneRules
  /// Slots fall due up to this many seconds later, each policy by its own fixed share: 0 to 12 hours.
  public var jitterSeconds: Int64 = 0
  /// A slot that fires no more than this many seconds after it fell due is on time: 0 to one hour.
  public var graceSeconds: Int64 = 60
  /// Slots fire inside these only; none means at any time.
  public var windows: [ScheduleWindow] = []
  /// What becomes of slots that nobody fired in time.
  public var catchUp: CatchUp = .latest
  /// The most slots that `CatchUp.all` makes up for at once, and that `Overlap.queue` then holds: 1 to 1000.
  public var catchUpLimit = 100
  /// What becomes of a slot that falls due while a run of the policy is live.
  public var overlap: Overlap = .skip

  /// The rules with every choice at its default.
  public init(cron: CronExpression, timeZone: TimeZoneRules) {
    self.cron = cron
    self.timeZone = timeZone
  }

  /// What becomes of slots that nobody fired in time, and of slots that wait for the same window.
  public enum CatchUp: String, Sendable, CaseIterable {
    /// Late slots are missed. Of slots that wait for one window, the latest fires.
    case none
    /// The latest late slot fires, unless a slot is due on time. Of slots that wait for one window, the latest fires.
    case latest
    /// The last `catchUpLimit` of them fire.
    case all
  }

  /// What becomes of a slot that falls due while a run of the policy is live.
  public enum Overlap: String, Sendable, CaseIterable {
    /// It is recorded as skipped.
    case skip
    /// It waits for the run to end. One slot waits, the latest; with `CatchUp.all` up to `catchUpLimit` do, in order.
    case queue
    /// The run is cancelled, and the slot runs once it has ended.
    case replace
  }

  /// The limits of the numbers.
  static let jitterRange: ClosedRange<Int64> = 0...43_200
  static let graceRange: ClosedRange<Int64> = 0...3600
  static let catchUpRange: ClosedRange<Int64> = 1...1000

  /// How many seconds after their time this policy's slots fall due: the same for all of them, so that they keep their
  /// distance, and different from policy to policy. Depends on the name and `jitterSeconds` only, on every machine.
  public func jitter(of policy: String) -> Int64 {
    guard jitterSeconds > 0 else { return 0 }
    // FNV-1a, then one round of SplitMix64, because the low bits of FNV are weak. Swift's Hasher differs per process.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in policy.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int64((hash ^ (hash >> 31)) % UInt64(jitterSeconds))
  }
}
