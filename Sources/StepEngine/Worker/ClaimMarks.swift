/// Where this worker's claims in each lane ended, so that the next ones don't read what is taken already.
///
/// While some transaction keeps taken rows from being vacuumed, reading them again would make each claim dearer than the
/// last. A mark may pass by a row that was written earlier and committed later; a slack catches most of these, and the
/// rest are found when the marks are dropped, about every second.
struct ClaimMarks: Sendable {
  /// So many entries below the last claimed one are read again.
  static let slack: Int64 = 2000
  /// Marks are dropped this often …
  static let interval = Duration.seconds(1)
  /// … or as seldom as it takes for whole looks to cost a twentieth of the time.
  static let costFactor = 20

  private var marks: [Int32: Int64] = [:]
  private var dropAt: Duration = .zero
  private(set) var afterLane: Int32 = 0

  /// The marks to claim with now; none if it is time for a whole look.
  func current(at now: Duration) -> [Int32: Int64] { now >= dropAt ? [:] : marks }

  /// Notes what a claim brought, which was made with `used` and took from `start` to `end`.
  mutating func claimed(_ steps: [ClaimedStep], with used: [Int32: Int64], from start: Duration, to end: Duration) {
    if used.isEmpty, start >= dropAt {
      marks = [:]
      dropAt = end + max(Self.interval, (end - start) * Self.costFactor)
    }
    for step in steps where step.sequence - Self.slack > marks[step.lane] ?? 0 {
      marks[step.lane] = step.sequence - Self.slack
    }
    // The lanes take turns, from claim to claim.
    if let last = steps.last { afterLane = last.lane }
  }
}
