/// A length of time in nanoseconds: Go's `time.Duration`.
struct GoDuration: Sendable, Hashable {
  let nanoseconds: Int64

  init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Seconds, wrapped around where Go does.
  init(seconds: Int64) { nanoseconds = seconds &* 1_000_000_000 }

  /// Reads `1h30m`, `-1.5s` or `300ms`; nil if it is none, or too long.
  init?(parsing text: String) {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    var total: UInt64 = 0
    if rest.elementsEqual("0".utf8) {
      nanoseconds = 0
      return
    }
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      guard let part = Self.part(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !overflow, sum <= 1 << 63 else { return nil }
      total = sum
    }
    if isNegative {
      nanoseconds = total == 1 << 63 ? .min : -Int64(total)
    } else {
      guard let value = Int64(exactly: total) else { return nil }
      nanoseconds = value
    }
  }

  /// A number and its unit.
  private static func part(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = rest.prefix(while: isDigit)
      rest = rest.dropFirst(fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    let unitText = rest.prefix { $0 != UInt8(ascii: ".") && !isDigit($0) }
    rest = rest.dropFirst(unitText.count)
    guard let unit = units[String(decoding: unitText, as: UTF8.self)],
      let count = whole.isEmpty ? 0 : UInt64(String(decoding: whole, as: UTF8.self))
    else { return nil }
    let (value, overflow) = count.multipliedReportingOverflow(by: unit)
    // More digits than a unit has do not change the result.
    let part = fraction.prefix(18).reduce((value: 0.0, scale: 1.0)) {
      ($0.value * 10 + Double($1 - 0x30), $0.scale * 10)
    }
    let (sum, overflowToo) = value.addingReportingOverflow(UInt64(part.value * (Double(unit) / part.scale)))
    return overflow || overflowToo || sum > 1 << 63 ? nil : sum
  }

  private static let units: [String: UInt64] = [
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
    "h": 3_600_000_000_000,
  ]

  /// `1h30m0s`, `1.5s`, `300ms`, `0s`.
  var text: String {
    let size = nanoseconds.magnitude
    let sign = nanoseconds < 0 ? "-" : ""
    if size == 0 { return "0s" }
    if size < 1000 { return "\(sign)\(size)ns" }
    if size < 1_000_000 { return "\(sign)\(decimal(size, digits: 3))µs" }
    if size < 1_000_000_000 { return "\(sign)\(decimal(size, digits: 6))ms" }
    let minutes = size / 60_000_000_000
    let seconds = decimal(size % 60_000_000_000, digits: 9) + "s"
    if minutes == 0 { return sign + seconds }
    return sign + (minutes < 60 ? "" : "\(minutes / 60)h") + "\(minutes % 60)m" + seconds
  }

  /// `value` over ten to the power of `digits`, without zeros at its end.
  private func decimal(_ value: UInt64, digits: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    var fraction = String(value % scale)
    fraction = String(repeating: "0", count: digits - fraction.utf8.count) + fraction
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(value / scale)" + (fraction.isEmpty ? "" : "." + fraction)
  }

  /// This rounded to whole seconds, halves away from zero.
  var roundedToSeconds: GoDuration {
    let perSecond: Int64 = 1_000_000_000
    let rest = nanoseconds % perSecond
    let down = nanoseconds - rest
    guard abs(rest) * 2 >= perSecond else { return GoDuration(nanoseconds: down) }
    let (up, overflow) = down.addingReportingOverflow(rest < 0 ? -perSecond : perSecond)
    return GoDuration(nanoseconds: overflow ? nanoseconds : up)
  }

  /// The largest unit that fits more than once: `3d`, `60m`.
  var roundedToUnit: String {
    let size = nanoseconds.magnitude
    let hour: UInt64 = 3_600_000_000_000
    for (unit, length) in [
      ("y", hour * 24 * 365), ("mo", hour * 24 * 30), ("d", hour * 24), ("h", hour), ("m", hour / 60),
      ("s", hour / 3600),
    ] where size > length {
      return "\(size / length)\(unit)"
    }
    return "0s"
  }
}
