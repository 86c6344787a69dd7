internal import Terminal

/// Keeps those lines that were not seen before.
///
/// Lines are dated when they arrive, and may be committed a little later: each look asks again for the last seconds.
struct LogFollower: Sendable {
  /// How far each look goes back.
  static let overlapMicroseconds: Int64 = 10_000_000

  private struct Key: Hashable {
    var fence: Int64
    var line: Int
  }

  private var seen: [Key: Moment] = [:]
  private var newest: Moment?
  /// Whether any lines were asked for.
  private(set) var hasLooked = false

  /// From when on to ask; nil for everything.
  var since: Moment? { newest.map { Moment(microseconds: $0.microseconds - Self.overlapMicroseconds) } }

  /// The lines that are new.
  mutating func new(_ lines: [LogLine]) -> [LogLine] {
    hasLooked = true
    let fresh = lines.filter { seen.updateValue($0.at, forKey: Key(fence: $0.fence, line: $0.number)) == nil }
    newest = [newest, lines.last?.at].compactMap(\.self).max()
    if let since { seen = seen.filter { $0.value >= since } }
    return fresh
  }
}
