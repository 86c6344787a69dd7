import JSON

/// Makes the progress of a transfer: how much is done, how fast, and how long the rest will take.
struct RateMeter: Sendable {
  private var last: (moment: ContinuousClock.Instant, bytes: Int)?
  private var rate: Double?

  /// Each new second counts this much, so that the rate follows and does not jump.
  private static let weight = 0.3

  /// `{"done"?, "total"?, "rate"?, "etaSeconds"?, "files"?, "note"?}`
  mutating func document(_ transfer: Transfer, at moment: ContinuousClock.Instant = .now) -> JSONValue {
    var document: [String: JSONValue] = [:]
    if let files = transfer.files { document["files"] = .int(Int64(files)) }
    if let note = transfer.note { document["note"] = .string(note) }
    guard let bytes = transfer.bytes else {
      (last, rate) = (nil, nil)
      return .object(document)
    }
    note(bytes, at: moment)
    document["done"] = .int(Int64(bytes))
    if let rate { document["rate"] = .int(Int64(rate)) }
    if let total = transfer.totalBytes, total >= bytes, total > 0 {
      document["total"] = .int(Int64(total))
      if let rate, rate > 0 { document["etaSeconds"] = .int(Int64((Double(total - bytes) / rate).rounded(.up))) }
    }
    return .object(document)
  }

  private mutating func note(_ bytes: Int, at moment: ContinuousClock.Instant) {
    // Another stage has begun.
    if let last, last.bytes > bytes { (self.last, rate) = (nil, nil) }
    if let last, moment > last.moment {
      let current = Double(bytes - last.bytes) / ((moment - last.moment) / .seconds(1))
      rate = rate.map { $0 + (current - $0) * Self.weight } ?? current
    }
    last = (moment, bytes)
  }
}
