internal import Wording

/// One of a cron expression's five fields.
public enum CronField: Int, Sendable, CaseIterable {
  case minute, hour, dayOfMonth, month, dayOfWeek

  /// The field's name as messages give it.
  public var label: String {
    switch self {
    case .minute: "minute"
    case .hour: "hour"
    case .dayOfMonth: "day of month"
    case .month: "month"
    case .dayOfWeek: "day of week"
    }
  }

  /// The values that may be written; 7 is Sunday, as is 0.
  var range: ClosedRange<Int> {
    switch self {
    case .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// Names for values from `range.lowerBound` on.
  var names: [String] {
    switch self {
    case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    default: []
    }
  }

  /// How many different values there are.
  var count: Int { self == .dayOfWeek ? 7 : range.count }

  var allValues: CronValues {
    CronValues(bits: (1 << UInt64(range.lowerBound + count)) - (1 << UInt64(range.lowerBound)))
  }
}

/// The values that one field allows: a set of numbers below 64.
struct CronValues: Sendable, Hashable {
  var bits: UInt64 = 0

  func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

  mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }

  /// The smallest value that is at least `value`.
  func first(from value: Int) -> Int? {
    guard value < 64 else { return nil }
    let rest = bits >> UInt64(value)
    return rest == 0 ? nil : value + rest.trailingZeroBitCount
  }
}

/// What is wrong with a cron expression.
public struct CronError: Error, Equatable, CustomStringConvertible {
  /// The field at fault; nil where the whole expression is.
  public let field: CronField?
  /// Where the text at fault begins: 1 is the expression's first character.
  public let column: Int
  /// What is wrong there and what to write instead.
  public let reason: String

  /// `field 2 (hour), column 3: '25' is not between 0 and 23`.
  public var description: String {
    guard let field else { return reason }
    return "field \(field.rawValue + 1) (\(field.label)), column \(column): \(reason)"
  }
}

/// Reads one field: a list of values, ranges and steps.
struct CronFieldParser {
  let field: CronField
  /// The field's text and the column of its first character.
  let text: Substring
  let column: Int

  func parse() throws(CronError) -> CronValues {
    var values = CronValues()
    var column = column
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard !item.isEmpty else { throw error(at: column, "a value is missing beside a comma") }
      try add(item, at: column, to: &values)
      column += item.count + 1
    }
    return values
  }

  private func add(_ item: Substring, at column: Int, to values: inout CronValues) throws(CronError) {
    let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let bounds = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let isSingle = parts[0] != "*" && bounds.count == 1
    var range = field.range
    if parts[0] == "*" {
      range = range.lowerBound...(range.lowerBound + field.count - 1)
    } else {
      let low = try value(bounds[0], at: column)
      var high = low
      if let end = bounds.dropFirst().first {
        high = try value(end, at: column + bounds[0].count + 1)
        if high == 0, low > 0, field == .dayOfWeek { high = 7 }  // fri-sun: as an end, Sunday is the seventh day
      }
      guard low <= high else { throw error(at: column, backwards(parts[0], low, high)) }
      range = low...high
    }

    var step = 1
    if let text = parts.dropFirst().first {
      let column = column + parts[0].count + 1
      guard let number = number(text), number > 0 else {
        throw error(at: column, "the step \(quotedForMessage(text)) is not a number above 0")
      }
      // As Vixie cron has it; other crons read it as '5-59/15', so it is better asked than guessed.
      if isSingle {
        throw error(
          at: column, "a step needs a range; write '\(parts[0])-\(field.range.upperBound)/\(text)' or '*/\(text)'")
      }
      guard number <= field.count else {
        throw error(
          at: column,
          "the step \(number) is longer than the field, which has \(field.count) values; "
            + "a step starts anew in each \(period)")
      }
      step = number
    }
    for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
      values.insert(field == .dayOfWeek ? value % 7 : value)
    }
  }

  /// What a field's values run through once in.
  private var period: String {
    switch field {
    case .minute: "hour"
    case .hour: "day"
    case .dayOfMonth: "month"
    case .month: "year"
    case .dayOfWeek: "week"
    }
  }

  private func value(_ text: Substring, at column: Int) throws(CronError) -> Int {
    let range = field.range
    if let number = number(text) {
      guard range.contains(number) else {
        throw error(at: column, "'\(text)' is not between \(range.lowerBound) and \(range.upperBound)")
      }
      return number
    }
    if let index = field.names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
    if text.isEmpty { throw error(at: column, "a number is missing beside '-'") }

    var expected = "expected a number from \(range.lowerBound) to \(range.upperBound)"
    if let first = field.names.first, let last = field.names.last { expected += ", or a name from \(first) to \(last)" }
    let nearest = nearestNames(to: String(text), among: field.names).first.map { "; did you mean '\($0)'?" } ?? ""
    throw error(at: column, "\(quotedForMessage(text)) is not known: \(expected)\(nearest)")
  }

  /// A decimal number of digits only; one that is too long counts as a very large one.
  private func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    return Int(text) ?? .max
  }

  private func backwards(_ text: Substring, _ low: Int, _ high: Int) -> String {
    let (first, last) = (field.range.lowerBound, field.range.lowerBound + field.count - 1)
    return "the range '\(text)' runs backwards; write '\(low)-\(last),\(first)-\(high)' to go round the end"
  }

  private func error(at column: Int, _ reason: String) -> CronError {
    CronError(field: field, column: column, reason: reason)
  }
}
