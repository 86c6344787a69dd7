internal import TimeZones

/// A text that is not a time of the wanted layout.
struct TimeParseError: Error, CustomStringConvertible {
  let description: String
}

extension GoTime {
  /// Reads a time as Go's `Parse` does by this layout. A time without a zone is in UTC.
  init(parsing text: String, layout: String) throws(TimeParseError) {
    var parser = TimeParser(text)
    let tokens = LayoutToken.tokens(of: layout)
    var isRead = true
    for (index, token) in tokens.enumerated() where isRead {
      let following = index + 1 < tokens.count ? tokens[index + 1] : nil
      isRead = parser.read(token, before: following)
    }
    guard isRead, parser.isAtEnd, let time = parser.time() else {
      throw TimeParseError(description: "parsing time \"\(text)\" as \"\(layout)\": it does not fit the layout")
    }
    self = time
  }
}

/// Takes a text apart, one token of a layout after the other.
private struct TimeParser {
  let bytes: [UInt8]
  var position = 0
  private var year = 0
  private var month: Int?
  private var day: Int?
  private var dayOfYear: Int?
  private var hour = 0
  private var minute = 0
  private var second = 0
  private var nanoseconds = 0
  private var isAfternoon: Bool?
  private var isUTC = false
  private var offset: Int?
  private var zoneName: String?

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }

  private var rest: ArraySlice<UInt8> { bytes[position...] }

  /// Reads what one token stands for; false if something else is there.
  mutating func read(_ token: LayoutToken, before following: LayoutToken?) -> Bool {
    switch token {
    case .literal(let text): return skip(text)
    case .year:
      guard let value = digits(4) else { return false }
      year = value
    case .shortYear:
      guard let value = digits(2) else { return false }
      year = value + (value >= 69 ? 1900 : 2000)
    case .month(let padding):
      guard let value = number(padding), (1...12).contains(value) else { return false }
      month = value
    case .monthName, .shortMonthName:
      guard let index = name(of: monthNames, isShort: token == .shortMonthName) else { return false }
      month = index + 1
    case .weekdayName, .shortWeekdayName:
      return name(of: weekdayNames, isShort: token == .shortWeekdayName) != nil
    case .day(let padding):
      if padding == .space { _ = skipByte(" ") }
      day = number(padding)
      return day != nil
    case .dayOfYear(let padding):
      if padding == .space { for _ in 0..<2 { _ = skipByte(" ") } }
      dayOfYear = number(padding, digits: 3)
      return dayOfYear != nil
    case .hour:
      guard let value = number(.none), value < 24 else { return false }
      hour = value
    case .hour12(let padding):
      guard let value = number(padding), value <= 12 else { return false }
      hour = value
    case .minute(let padding):
      guard let value = number(padding), value < 60 else { return false }
      minute = value
    case .second(let padding):
      guard let value = number(padding), value < 60 else { return false }
      second = value
      // A fraction may be there even if the layout has none.
      if case .fraction = following { return true }
      return !isFractionNext || fraction(digits: nil)
    case .dayHalf(let isUppercase):
      if skip(Array((isUppercase ? "PM" : "pm").utf8)) {
        isAfternoon = true
      } else if skip(Array((isUppercase ? "AM" : "am").utf8)) {
        isAfternoon = false
      } else {
        return false
      }
    case .zoneName: return zone()
    case .offset(let form): return offset(form)
    case .fraction(_, let digits, let isTrimmed):
      if isTrimmed { return !isFractionNext || fraction(digits: nil) }
      return fraction(digits: digits)
    }
    return true
  }

  /// The time of all that was read; nil if there is no such day.
  func time() -> GoTime? {
    var month = month ?? 1
    var day = day ?? 1
    if let dayOfYear {
      let date = civilDate(ofDay: dayNumber(year: year, month: 1, day: dayOfYear))
      guard dayOfYear >= 1, date.year == year, self.month ?? date.month == date.month, self.day ?? date.day == date.day
      else { return nil }
      (month, day) = (date.month, date.day)
    }
    guard day >= 1, day <= daysIn(month: month, of: year) else { return nil }
    var hour = hour
    if isAfternoon == true, hour < 12 { hour += 12 }
    if isAfternoon == false, hour == 12 { hour = 0 }
    let wall = CivilTime(year, month, day, hour, minute, second).wallSeconds
    if let offset, !isUTC {
      // An offset that is UTC's own is taken as UTC.
      let zone: GoTime.Zone =
        offset == 0 && (zoneName ?? "UTC") == "UTC" ? .utc : .fixed(offset: Int64(offset), name: zoneName ?? "")
      return GoTime(seconds: wall - Int64(offset), nanoseconds: nanoseconds, zone: zone)
    }
    if let zoneName, !isUTC {
      // Other zones' names are kept, but what they mean is not known; only "GMT+3" says so itself.
      let hours = zoneName.hasPrefix("GMT") ? Int(zoneName.dropFirst(3)) ?? 0 : 0
      return GoTime(seconds: wall, nanoseconds: nanoseconds, zone: .fixed(offset: Int64(hours) * 3600, name: zoneName))
    }
    return GoTime(seconds: wall, nanoseconds: nanoseconds)
  }
}

// MARK: Parts

extension TimeParser {
  /// Skips the text of a layout. Any number of spaces stands for any number of them.
  private mutating func skip(_ text: [UInt8]) -> Bool {
    let start = position
    let space = UInt8(ascii: " ")
    var index = 0
    while index < text.count {
      if text[index] == space {
        guard isAtEnd || bytes[position] == space else { break }
        while index < text.count, text[index] == space { index += 1 }
        while !isAtEnd, bytes[position] == space { position += 1 }
      } else {
        guard !isAtEnd, bytes[position] == text[index] else { break }
        index += 1
        position += 1
      }
    }
    if index < text.count { position = start }
    return index == text.count
  }

  private mutating func skipByte(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Exactly this many digits.
  private mutating func digits(_ count: Int) -> Int? {
    guard rest.prefix(count).count == count, rest.prefix(count).allSatisfy(isDigit) else { return nil }
    defer { position += count }
    return rest.prefix(count).reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// Up to this many digits; all of them if the layout has zeros.
  private mutating func number(_ padding: LayoutToken.Padding, digits count: Int = 2) -> Int? {
    let found = rest.prefix(count).prefix(while: isDigit).count
    return found == 0 || (padding == .zero && found < count) ? nil : digits(found)
  }

  /// The index of the name that is next, in whatever case.
  private mutating func name(of names: [String], isShort: Bool) -> Int? {
    for (index, name) in names.enumerated() {
      let wanted = Array(name.utf8.prefix(isShort ? 3 : .max))
      if rest.prefix(wanted.count).elementsEqual(wanted, by: { $0 | 0x20 == $1 | 0x20 }) {
        position += wanted.count
        return index
      }
    }
    return nil
  }

  private var isFractionNext: Bool {
    let next = Array(rest.prefix(2))
    return next.count == 2 && (next[0] == UInt8(ascii: ".") || next[0] == UInt8(ascii: ",")) && isDigit(next[1])
  }

  /// A separator and digits: this many, or all there are. More than nine do not count.
  private mutating func fraction(digits count: Int?) -> Bool {
    guard isFractionNext else { return false }
    position += 1
    let found = rest.prefix(count ?? .max).prefix(while: isDigit)
    guard count == nil || found.count == count else { return false }
    nanoseconds = found.prefix(9).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    for _ in min(9, found.count)..<9 { nanoseconds *= 10 }
    position += found.count
    return true
  }

  private mutating func offset(_ form: LayoutToken.OffsetForm) -> Bool {
    if form.showsZ, skipByte("Z") {
      isUTC = true
      return true
    }
    let isWest = rest.first == UInt8(ascii: "-")
    guard skipByte("-") || skipByte("+"), let hours = digits(2), hours <= 24 else { return false }
    var total = hours * 3600
    for (isPresent, unit) in [(form.hasMinutes, 60), (form.hasSeconds, 1)] where isPresent {
      guard !form.hasColons || skipByte(":"), let value = digits(2), value <= 60 else { return false }
      total += value * unit
    }
    offset = isWest ? -total : total
    return true
  }

  /// `CEST`, `GMT+3` or `+03`.
  private mutating func zone() -> Bool {
    if skip(Array("UTC".utf8)) {
      isUTC = true
      return true
    }
    guard let length = zoneNameLength(), length > 0 else { return false }
    zoneName = String(decoding: rest.prefix(length), as: UTF8.self)
    position += length
    return true
  }

  private func zoneNameLength() -> Int? {
    let rest = Array(rest.prefix(6))
    guard rest.count >= 3 else { return nil }
    if rest.starts(with: "ChST".utf8) || rest.starts(with: "MeST".utf8) { return 4 }
    if rest.starts(with: "GMT".utf8) { return 3 + signedHourLength(self.rest.dropFirst(3)) }
    if rest[0] == UInt8(ascii: "+") || rest[0] == UInt8(ascii: "-") { return signedHourLength(self.rest) }
    switch rest.prefix(while: { (0x41...0x5A).contains($0) }).count {
    case 3: return 3
    case 4 where rest[3] == UInt8(ascii: "T") || rest.starts(with: "WITA".utf8): return 4
    case 5 where rest[4] == UInt8(ascii: "T"): return 5
    default: return nil
    }
  }

  private func signedHourLength(_ text: ArraySlice<UInt8>) -> Int {
    guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return 0 }
    let digits = text.dropFirst().prefix(while: isDigit)
    guard !digits.isEmpty, let hours = Int(String(decoding: digits, as: UTF8.self)), hours <= 23 else { return 0 }
    return 1 + digits.count
  }
}
