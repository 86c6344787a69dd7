/// How an option's text becomes a value.
struct ValueType<Value: Sendable>: Sendable {
  /// What the help writes in the value's place: `N`.
  var placeholder: String
  /// What a value has to be, as the end of "… is not": `a whole number from 1 to 64`.
  var expectation: String
  /// All values, if there are few.
  var choices: [String] = []
  /// The value; nil if the text is none.
  var parse: @Sendable (String) -> Value?
  /// The value as it would be written, for the help.
  var text: @Sendable (Value) -> String
}

extension ValueType where Value == String {
  /// Any text but none at all.
  static func text(_ placeholder: String) -> Self {
    Self(placeholder: placeholder, expectation: "a text", parse: { $0.isEmpty ? nil : $0 }, text: { $0 })
  }
}

extension ValueType where Value == [String] {
  /// Texts between commas.
  static func list(_ placeholder: String) -> Self {
    Self(
      placeholder: placeholder, expectation: "a list of names with commas between them",
      parse: { text in
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return parts.contains("") ? nil : parts
      },
      text: { $0.joined(separator: ",") })
  }
}

extension ValueType where Value == Int {
  static func integer(_ range: ClosedRange<Int>) -> Self {
    Self(
      placeholder: "N", expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, text: { "\($0)" })
  }
}

extension ValueType where Value == Duration {
  /// Seconds, also with decimals.
  static func seconds(_ range: ClosedRange<Double>) -> Self {
    duration("SECONDS", range, perSecond: 1)
  }

  static func milliseconds(_ range: ClosedRange<Double>) -> Self {
    duration("MILLISECONDS", range, perSecond: 1000)
  }

  private static func duration(_ unit: String, _ range: ClosedRange<Double>, perSecond: Double) -> Self {
    Self(
      placeholder: unit,
      expectation: "a number of \(unit.lowercased()) from \(plain(range.lowerBound)) to \(plain(range.upperBound))",
      parse: { text in
        // Double reads "nan", "inf" and "0x10", too.
        guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }), let number = Double(text),
          range.contains(number)
        else { return nil }
        return .microseconds(Int64((number / perSecond * 1_000_000).rounded()))
      },
      text: { plain(($0 / .microseconds(1)) / 1_000_000 * perSecond) })
  }
}

/// A number without a useless `.0`.
private func plain(_ number: Double) -> String {
  number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of an enum's cases.
  static func choice(_ placeholder: String) -> Self {
    let choices = Value.allCases.map(\.rawValue)
    return Self(
      placeholder: placeholder, expectation: choices.joined(separator: ", "), choices: choices,
      parse: { Value(rawValue: $0) }, text: { $0.rawValue })
  }
}

/// A `KEY=VALUE` pair.
struct Label: Sendable, Equatable {
  var key: String
  var value: String
}

extension ValueType where Value == Label {
  static var label: Self {
    Self(
      placeholder: "KEY=VALUE", expectation: "KEY=VALUE",
      parse: { text in
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { return nil }
        return Label(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
      },
      text: { $0.key + "=" + $0.value })
  }
}
