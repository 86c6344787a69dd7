internal import JSON

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

  /// Whether bytes say anything of it.
  var countsBytes: Bool { bytes > 0 || expectedBytes ?? 0 > 0 }

  /// How long it will still take at so many bytes in a second, if that can be told.
  func left(at rate: Double?) -> Duration? {
    guard !isGrowing, let expectedBytes, expectedBytes > bytes, let rate, rate >= 1 else { return nil }
    let seconds = Double(expectedBytes - bytes) / rate
    return seconds < 100 * 86_400 ? .seconds(Int64(seconds.rounded(.up))) : nil
  }

  /// What the picture shows, as members of an object for programs, with the names of restic's where it has them.
  func status(_ pace: WorkPace) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "message_type": "status", "seconds_elapsed": .int(pace.elapsed.components.seconds),
      "percent_done": .double(fraction ?? 0),
    ]
    if countsBytes {
      members["bytes_done"] = .int(Int64(bytes))
      if let expectedBytes { members["total_bytes"] = .int(Int64(expectedBytes)) }
      if let rate = pace.wholeRate { members["bytes_per_second"] = .int(Int64(rate)) }
    }
    if let left = left(at: pace.rate) { members["seconds_remaining"] = .int(left.components.seconds) }
    return members
  }
}

/// How long a command has been going on, and how fast it goes now.
struct WorkPace: Sendable {
  var elapsed: Duration
  /// Bytes in a second; nil while that can't be told.
  var rate: Double?

  /// The same without a fraction.
  var wholeRate: Int? { rate.map { Int(min($0, 1e18)) } }
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
