internal import TimeZones
internal import JSON

extension GoTime: GoObject {
  var typeName: String { "time.Time" }
  var kindName: String { "struct" }
  var json: JSONValue { .string(formatted("2006-01-02T15:04:05.999999999Z07:00")) }

  func isEqual(to other: any GoObject) -> Bool {
    guard let other = other as? GoTime else { return false }
    return (seconds, nanoseconds, offset) == (other.seconds, other.nanoseconds, other.offset)
  }

  func method(named name: String) -> Function? {
    let (time, date) = (self, civil)
    return switch name {
    case "Year": Function(name) { _ in .int(date.year) }
    case "Month": Function(name) { _ in .object(NamedNumber.month(date.month)) }
    case "Day": Function(name) { _ in .int(date.day) }
    case "Hour": Function(name) { _ in .int(date.hour) }
    case "Minute": Function(name) { _ in .int(date.minute) }
    case "Second": Function(name) { _ in .int(date.second) }
    case "Nanosecond": Function(name) { _ in .int(time.nanoseconds) }
    case "Weekday": Function(name) { _ in .object(NamedNumber.weekday(time.weekday)) }
    case "YearDay": Function(name) { _ in .int(time.dayOfYear) }
    case "Unix": Function(name) { _ in .int64(time.seconds) }
    case "UnixMilli": Function(name) { _ in .int64(time.seconds &* 1000 &+ Int64(time.nanoseconds / 1_000_000)) }
    case "UnixNano": Function(name) { _ in .int64(time.seconds &* 1_000_000_000 &+ Int64(time.nanoseconds)) }
    case "IsZero": Function(name) { _ in .bool(time.isEqual(to: GoTime.zero)) }
    case "String": Function(name) { _ in .string(time.text) }
    case "Format": Function(name, .string) { .string(time.formatted($0.string(0))) }
    case "UTC", "Local": Function(name) { _ in .object(time.shown(in: .utc)) }
    case "Before": Function(name, .object("time.Time")) { .bool(time.isBefore($0.time(0))) }
    case "After": Function(name, .object("time.Time")) { .bool($0.time(0).isBefore(time)) }
    case "Equal":
      Function(name, .object("time.Time")) {
        .bool(!time.isBefore($0.time(0)) && !$0.time(0).isBefore(time))
      }
    case "Sub": Function(name, .object("time.Time")) { .object(time.since($0.time(0))) }
    default: nil
    }
  }
}

extension GoDuration: GoObject {
  var typeName: String { "time.Duration" }
  var kindName: String { "int64" }
  var json: JSONValue { .int(nanoseconds) }

  func isEqual(to other: any GoObject) -> Bool { self == other as? GoDuration }

  func method(named name: String) -> Function? {
    let nanoseconds = nanoseconds
    let text = text
    return switch name {
    case "Hours": Function(name) { _ in .float(Double(nanoseconds) / 3.6e12) }
    case "Minutes": Function(name) { _ in .float(Double(nanoseconds) / 6e10) }
    case "Seconds": Function(name) { _ in .float(Double(nanoseconds) / 1e9) }
    case "Milliseconds": Function(name) { _ in .int64(nanoseconds / 1_000_000) }
    case "Nanoseconds": Function(name) { _ in .int64(nanoseconds) }
    case "String": Function(name) { _ in .string(text) }
    default: nil
    }
  }
}

/// A whole number that prints as a name: Go's `time.Month` and `time.Weekday`.
struct NamedNumber: GoObject, Hashable {
  let typeName: String
  let number: Int
  let text: String

  /// 1 to 12.
  static func month(_ number: Int) -> NamedNumber {
    NamedNumber(typeName: "time.Month", number: number, text: monthNames[number - 1])
  }

  /// 0 is Sunday.
  static func weekday(_ number: Int) -> NamedNumber {
    NamedNumber(typeName: "time.Weekday", number: number, text: weekdayNames[number])
  }

  var kindName: String { "int" }
  var json: JSONValue { .int(Int64(number)) }

  func isEqual(to other: any GoObject) -> Bool { self == other as? NamedNumber }

  func method(named name: String) -> Function? {
    let text = text
    return name == "String" ? Function(name) { _ in .string(text) } : nil
  }
}
