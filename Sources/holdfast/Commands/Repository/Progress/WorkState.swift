/// What a long command has done so far, in the terms that all of them share.
struct WorkState: Sendable, Equatable {
  /// What goes on before there are numbers: `reads the index`; nil once there are.
  var phase: String?
  /// What goes on, beside the numbers: `verifies packs`.
  var title: String?
  /// Bytes that are done.
  var bytes = 0
  /// Bytes of the whole; nil while that is not known.
  var expectedBytes: Int?
  /// Things that are done.
  var items = 0
  /// Things of the whole; nil while that is not known.
  var expectedItems: Int?
  /// What the things are: `file`.
  var noun = "file"
  /// Whether the numbers of the whole still grow.
  var isGrowing = false
  /// More worth knowing: `added 1.20 GiB`.
  var notes: [String] = []
  /// What went wrong so far.
  var problems = 0
  /// What is being worked on now.
  var current: [String] = []

  /// Only a phase.
  static func phase(_ text: String) -> WorkState {
    var state = WorkState()
    state.phase = text
    return state
  }

  /// How much of the whole is done, from 0 to 1; nil while the whole is not known.
  var fraction: Double? {
    if isGrowing { return nil }
    if let expectedBytes, expectedBytes > 0 { return min(1, Double(bytes) / Double(expectedBytes)) }
    if let expectedItems, expectedItems > 0 { return min(1, Double(items) / Double(expectedItems)) }
    return nil
  }
}

/// How fast it goes: over the last seconds, so that a slow beginning doesn't count for ever.
struct RateMeter: Sendable {
  private var samples: [(time: Duration, amount: Double)] = []
  /// How far back it looks.
  static let window = Duration.seconds(15)

  /// Notes what is done at a time since the beginning.
  mutating func note(_ amount: Double, at time: Duration) {
    samples.append((time, amount))
    while samples.count > 2, time - samples[1].time >= Self.window { samples.removeFirst() }
  }

  /// The amount in a second; nil while that can't be told.
  var perSecond: Double? {
    guard let first = samples.first, let last = samples.last, last.time - first.time >= .milliseconds(500) else {
      return nil
    }
    return max(0, (last.amount - first.amount) / ((last.time - first.time) / .seconds(1)))
  }
}
