internal import TimeZones
internal import Wording

/// When something recurs, in cron's five fields: minute, hour, day of month, month, day of week.
///
/// As Vixie cron reads them: `*`, values, ranges (`10-50`), steps on `*` or a range (`*/15`, `10-50/20`), lists, names of
/// months and weekdays in any case, Sunday as 0 or 7, and `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`,
/// `@yearly` and `@annually`. `5/15` is refused, because crons do not agree on it.
///
/// If both day of month and day of week are restricted, a day that fits either is taken; if one of them begins with
/// `*` (also as `*/2`), a day must fit both.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
  /// The text that it was parsed from.
  public let text: String
  /// Whether the hour begins with `*`: slots then follow elapsed time where clocks change.
  ///
  /// See `nextSlot(after:in:)`. Unlike Vixie cron, a `*` in the minute alone does not count: `*/15 2 * * *` is a job of
  /// one hour of the day, and would otherwise not run at all on the day that skips this hour.
  public let followsElapsedTime: Bool
  let minutes: CronValues
  let hours: CronValues
  let daysOfMonth: CronValues
  let months: CronValues
  let daysOfWeek: CronValues
  /// Whether a day must fit both day fields rather than either.
  let needsBothDays: Bool

  /// The text that it was parsed from.
  public var description: String { text }

  /// Parses an expression of five fields or one `@` name.
  /// - Throws: `CronError` for anything else, and for an expression that no date ever fits, such as February 31.
  public init(_ text: String) throws(CronError) {
    guard text.utf8.count <= 1000 else {
      throw CronError(field: nil, column: 1, reason: "the cron expression is longer than 1000 bytes")
    }
    self.text = text
    let fields = try cronFields(of: text)
    func parse(_ field: CronField) throws(CronError) -> CronValues {
      let source = fields[field.rawValue]
      return try CronFieldParser(field: field, text: source.text, column: source.column).parse()
    }
    func begins(_ field: CronField) -> Bool { fields[field.rawValue].text.hasPrefix("*") }

    minutes = try parse(.minute)
    hours = try parse(.hour)
    daysOfMonth = try parse(.dayOfMonth)
    months = try parse(.month)
    daysOfWeek = try parse(.dayOfWeek)
    followsElapsedTime = begins(.hour)
    needsBothDays = begins(.dayOfMonth) || begins(.dayOfWeek)

    // Every date falls on every weekday in some year, so only the month can rule a day out.
    let months = (1...12).filter(self.months.contains)
    let hasDay = months.contains { (daysOfMonth.first(from: 1) ?? 32) <= daysIn(month: $0, of: 2000) }
    guard hasDay || !needsBothDays else {
      throw CronError(
        field: .dayOfMonth, column: fields[CronField.dayOfMonth.rawValue].column,
        reason: "no month of field 4 has a day '\(fields[CronField.dayOfMonth.rawValue].text)', so it would never fire")
    }
  }

  /// Whether a day fits the day and month fields.
  func fits(month: Int, day: Int, weekday: Int) -> Bool {
    guard months.contains(month) else { return false }
    let (byDate, byWeekday) = (daysOfMonth.contains(day), daysOfWeek.contains(weekday))
    return needsBothDays ? byDate && byWeekday : byDate || byWeekday
  }
}

/// The five fields of an expression with their columns; an `@` name stands for its fields.
private func cronFields(of text: String) throws(CronError) -> [(text: Substring, column: Int)] {
  var fields: [(text: Substring, column: Int)] = []
  var column = 1
  for part in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == " " || $0 == "\t" }) {
    if !part.isEmpty { fields.append((part, column)) }
    column += part.count + 1
  }
  if let first = fields.first?.text, first.hasPrefix("@") {
    guard fields.count == 1, let expansion = cronNicknames[first.lowercased()] else {
      let nearest = nearestNames(to: String(first), among: cronNicknames.keys)
      let hint =
        nearest.isEmpty || cronNicknames[first.lowercased()] != nil
        ? "write one of \(cronNicknames.keys.sorted().joined(separator: ", ")) alone, or five fields"
        : "did you mean \(alternatives(nearest))?"
      throw CronError(
        field: nil, column: fields[0].column, reason: "unknown cron expression \(quotedForMessage(text)); \(hint)")
    }
    return expansion.split(separator: " ").map { ($0, 1) }
  }
  guard fields.count == 5 else {
    throw CronError(
      field: nil, column: 1,
      reason: "a cron expression has 5 fields (minute hour day-of-month month day-of-week), "
        + "but \(quotedForMessage(text)) has \(fields.count)")
  }
  return fields
}

private let cronNicknames = [
  "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
]
