public import JSON

/// Lengths of time as people write them: `90s`, `1h30m`, `7d`, or a plain number of seconds.
public enum DurationText {
  private static let units: [(name: String, seconds: Double)] = [
    ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800),
  ]
  /// Longer ones are mistakes: about 31 years.
  private static let longestSeconds = 1e9

  /// What a text has to be, as the end of "… is not".
  public static let expectation = "a length of time, such as 90s, 5m, 1h30m or 7d"
  /// As a regular expression, for JSON Schema.
  static let pattern = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d|w))+$"

  /// The seconds that a text or number stands for; nil if it is none, negative or too large.
  public static func seconds(of value: JSONValue) -> Double? {
    switch value {
    case .int, .double: value.double.flatMap { (0...longestSeconds).contains($0) ? $0 : nil }
    case .string(let text): seconds(of: text)
    default: nil
    }
  }

  private static func seconds(of text: String) -> Double? {
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      let letters = rest.dropFirst(digits.count).prefix { $0.isLetter }
      guard let number = Double(digits), let unit = units.first(where: { $0.name == letters }) else { return nil }
      total += number * unit.seconds
      rest = rest.dropFirst(digits.count + letters.count)
    }
    return total <= longestSeconds ? total : nil
  }

  /// Seconds as the engine's plans have them: whole ones as integers.
  static func json(_ seconds: Double) -> JSONValue {
    seconds == seconds.rounded() ? .int(Int64(seconds)) : .double(seconds)
  }
}
