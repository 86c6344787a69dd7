internal import TimeZones

extension GoTime {
  /// The moment as Go's `Format` prints it by this layout.
  func formatted(_ layout: String) -> String {
    let date = civil
    var text: [UInt8] = []
    for token in LayoutToken.tokens(of: layout) {
      switch token {
      case .literal(let bytes): text += bytes
      case .year: text += padded(date.year, to: 4)
      case .shortYear: text += padded(max(0, date.year) % 100, to: 2)
      case .month(let padding): text += padded(date.month, padding)
      case .monthName: text += monthNames[date.month - 1].utf8
      case .shortMonthName: text += monthNames[date.month - 1].utf8.prefix(3)
      case .weekdayName: text += weekdayNames[weekday].utf8
      case .shortWeekdayName: text += weekdayNames[weekday].utf8.prefix(3)
      case .day(let padding): text += padded(date.day, padding)
      case .dayOfYear(let padding): text += padded(dayOfYear, padding, to: 3)
      case .hour: text += padded(date.hour, to: 2)
      case .hour12(let padding): text += padded((date.hour + 11) % 12 + 1, padding)
      case .minute(let padding): text += padded(date.minute, padding)
      case .second(let padding): text += padded(date.second, padding)
      case .dayHalf(let isUppercase):
        text += ((date.hour < 12) ? (isUppercase ? "AM" : "am") : (isUppercase ? "PM" : "pm")).utf8
      case .zoneName:
        let name = zoneName
        text += name.isEmpty ? offsetText(.init()) : Array(name.utf8)
      case .offset(let form): text += offsetText(form)
      case .fraction(let separator, let digits, let isTrimmed):
        text += fractionText(separator: separator, digits: digits, isTrimmed: isTrimmed)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// What `%v` prints.
  var text: String { formatted("2006-01-02 15:04:05.999999999 -0700 MST") }

  private func offsetText(_ form: LayoutToken.OffsetForm) -> [UInt8] {
    let offset = Int(self.offset)
    if form.showsZ, offset == 0 { return [UInt8(ascii: "Z")] }
    let size = abs(offset)
    let colon = form.hasColons ? [UInt8(ascii: ":")] : []
    var text = [UInt8(ascii: offset < 0 ? "-" : "+")] + padded(size / 3600, to: 2)
    if form.hasMinutes { text += colon + padded(size / 60 % 60, to: 2) }
    if form.hasSeconds { text += colon + padded(size % 60, to: 2) }
    return text
  }

  private func fractionText(separator: UInt8, digits: Int, isTrimmed: Bool) -> [UInt8] {
    var text = Array(padded(nanoseconds, to: 9).prefix(digits))
    if isTrimmed { while text.last == UInt8(ascii: "0") { text.removeLast() } }
    return isTrimmed && text.isEmpty ? [] : [separator] + text
  }
}

/// A number with zeros before it up to this width.
private func padded(_ number: Int, to width: Int) -> [UInt8] {
  padded(number, .zero, to: width)
}

private func padded(_ number: Int, _ padding: LayoutToken.Padding, to width: Int = 2) -> [UInt8] {
  let digits = Array(String(abs(number)).utf8)
  let filler = UInt8(ascii: padding == .space ? " " : "0")
  let missing = padding == .none ? 0 : max(0, width - digits.count)
  return (number < 0 ? [UInt8(ascii: "-")] : []) + [UInt8](repeating: filler, count: missing) + digits
}
