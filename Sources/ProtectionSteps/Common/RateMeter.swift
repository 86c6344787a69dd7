import JSON

/// Makes the progress of a transfer: how much is done, how fast, and how long the rest will take.
struct RateMeter: Sendable {
  private var last: (moment: ContinuousClock.Instant, done: Int)?
  private var rate: Double?

  /// Each new second counts this much, so that the rate follows and does not jump.
  private static let weight = 0.3

  /// `{"done", "total"?, "rate"?, "etaSeconds"?, "files", "note"?}`
  /// - Parameter total: of the whole; less than `done` if it isn't known.
  mutating func document(
    done: Int, total: Int, files: Int, now note: String?, at moment: ContinuousClock.Instant = .now
  ) -> JSONValue {
    if let last, moment > last.moment {
      let current = Double(max(0, done - last.done)) / ((moment - last.moment) / .seconds(1))
      rate = rate.map { $0 + (current - $0) * Self.weight } ?? current
    }
    last = (moment, done)
    var document: [String: JSONValue] = ["done": .int(Int64(done)), "files": .int(Int64(files))]
    if let rate { document["rate"] = .int(Int64(rate)) }
    if total >= done, total > 0 {
      document["total"] = .int(Int64(total))
      if let rate, rate > 0 { document["etaSeconds"] = .int(Int64((Double(total - done) / rate).rounded(.up))) }
    }
    if let note { document["note"] = .string(note) }
    return .object(document)
  }
}
