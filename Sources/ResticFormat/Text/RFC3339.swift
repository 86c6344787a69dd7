internal import TimeZones

/// A moment as RFC 3339 text has it.
struct RFC3339Time {
  var seconds: Int64
  var nanoseconds: UInt32
  /// The zone's distance from UTC.
  var offsetSeconds: Int

  init(seconds: Int64, nanoseconds: UInt32, offsetSeconds: Int) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
    self.offsetSeconds = offsetSeconds
  }

  /// `2006-01-02T15:04:05.999999999Z`, or with `±07:00`. Digits beyond nanoseconds are dropped.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= text.count else { return nil }
      var value = 0
      for index in start..<start + count {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        value = value * 10 + Int(digit)
      }
      return value
    }
    func isText(_ index: Int, _ character: Unicode.Scalar) -> Bool {
      index < text.count && text[index] == UInt8(ascii: character)
    }
    guard let year = number(0, 4), isText(4, "-"), let month = number(5, 2), isText(7, "-"), let day = number(8, 2),
      isText(10, "T"), let hour = number(11, 2), isText(13, ":"), let minute = number(14, 2), isText(16, ":"),
      let second = number(17, 2),
      1...12 ~= month, day >= 1, day <= daysIn(month: month, of: year), hour < 24, minute < 60, second < 60
    else { return nil }
    var index = 19
    var nanoseconds: UInt32 = 0
    if isText(index, ".") {
      index += 1
      var unit: UInt32 = 100_000_000
      let start = index
      while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit < 10 {
        nanoseconds += UInt32(digit) * unit
        unit /= 10
        index += 1
      }
      guard index > start else { return nil }
    }
    var offset = 0
    if isText(index, "Z") {
      index += 1
    } else {
      guard isText(index, "+") || isText(index, "-"), let hours = number(index + 1, 2), isText(index + 3, ":"),
        let minutes = number(index + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * 60
      if isText(index, "-") { offset = -offset }
      index += 6
    }
    guard index == text.count else { return nil }
    let wall = dayNumber(year: year, month: month, day: day) * secondsPerDay + Int64(hour * 3600 + minute * 60 + second)
    self.init(seconds: wall - Int64(offset), nanoseconds: nanoseconds, offsetSeconds: offset)
  }
}

extension [UInt8] {
  /// Adds the text of a moment: no trailing zeros in the fraction, years outside 0...9999 brought to the nearest.
  mutating func appendRFC3339(_ time: RFC3339Time) {
    // Far beyond all years that can be written, but no overflow below.
    let seconds = Swift.min(Swift.max(time.seconds, -(1 << 56)), 1 << 56)
    let offset = Swift.min(Swift.max(time.offsetSeconds / 60, -1439), 1439)
    let wall = seconds + Int64(offset * 60)
    let dayOfTime = wall.flooredQuotient(by: secondsPerDay)
    let second = Int(wall - dayOfTime * secondsPerDay)
    var date = civilDate(ofDay: dayOfTime)
    if !(0...9999 ~= date.year) {
      let day = dayNumber(year: date.year < 0 ? 0 : 9999, month: date.month, day: date.day)
      date = civilDate(ofDay: day)
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
      var end = 0
      func put(_ value: Int, digits: Int, then separator: Unicode.Scalar?) {
        var rest = value
        for index in stride(from: end + digits - 1, through: end, by: -1) {
          text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
          rest /= 10
        }
        end += digits
        guard let separator else { return }
        text[end] = UInt8(ascii: separator)
        end += 1
      }
      put(date.year, digits: 4, then: "-")
      put(date.month, digits: 2, then: "-")
      put(date.day, digits: 2, then: "T")
      put(second / 3600, digits: 2, then: ":")
      put(second / 60 % 60, digits: 2, then: ":")
      put(second % 60, digits: 2, then: time.nanoseconds > 0 ? "." : nil)
      if time.nanoseconds > 0 {
        put(Int(Swift.min(time.nanoseconds, 999_999_999)), digits: 9, then: nil)
        while text[end - 1] == UInt8(ascii: "0") { end -= 1 }
      }
      if offset == 0 {
        text[end] = UInt8(ascii: "Z")
        end += 1
      } else {
        text[end] = UInt8(ascii: offset < 0 ? "-" : "+")
        end += 1
        put(abs(offset) / 60, digits: 2, then: ":")
        put(abs(offset) % 60, digits: 2, then: nil)
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: text[..<end]))
    }
  }
}
