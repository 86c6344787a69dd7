/// How a text on the command line becomes a value.
package struct ValueType<Value: Sendable>: Sendable {
  /// What the help writes in the value's place: `N`.
  package var placeholder: String
  /// What a value has to be, as the end of "… is not": `a whole number from 1 to 64`.
  package var expectation: String
  /// All values, if there are few.
  package var choices: [String]
  /// What a shell offers for it.
  package var completion: CompletionHint
  /// The value; nil if the text is none.
  package var parse: @Sendable (String) -> Value?
  /// The value as it would be written, for the help.
  package var text: @Sendable (Value) -> String

  /// A type of values.
  package init(
    placeholder: String, expectation: String, choices: [String] = [], completion: CompletionHint = .none,
    parse: @escaping @Sendable (String) -> Value?, text: @escaping @Sendable (Value) -> String
  ) {
    self.placeholder = placeholder
    self.expectation = expectation
    self.choices = choices
    self.completion = completion
    self.parse = parse
    self.text = text
  }

  /// The same values under another placeholder.
  package func called(_ placeholder: String) -> Self {
    var type = self
    type.placeholder = placeholder
    return type
  }
}

/// What a shell offers while a value is typed.
package enum CompletionHint: Sendable {
  /// Nothing.
  case none
  /// Names of files.
  case file
  /// Names that the program knows. Finding them must be quick and must not fail: none is an answer.
  case names(@Sendable (ParsedArguments) async -> [String])
  /// Such names, and names of files.
  case namesAndFiles(@Sendable (ParsedArguments) async -> [String])
}

extension ValueType where Value == String {
  /// Any text but none at all.
  package static func text(_ placeholder: String, completion: CompletionHint = .none) -> Self {
    Self(
      placeholder: placeholder, expectation: "a text", completion: completion, parse: { $0.isEmpty ? nil : $0 },
      text: { $0 })
  }

  /// The name of a file, or `-` for standard input or output.
  package static var file: Self { text("FILE", completion: .file) }
}

extension ValueType where Value == [String] {
  /// Texts between commas.
  package static func list(_ placeholder: String) -> Self {
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
  /// A whole number.
  package static func integer(_ range: ClosedRange<Int>) -> Self {
    Self(
      placeholder: "N", expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } }, text: { "\($0)" })
  }
}

extension ValueType where Value == Duration {
  /// Seconds, also with decimals.
  package static func seconds(_ range: ClosedRange<Double>) -> Self {
    duration("SECONDS", range, perSecond: 1)
  }

  /// Milliseconds, also with decimals.
  package static func milliseconds(_ range: ClosedRange<Double>) -> Self {
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
  package static func choice(_ placeholder: String) -> Self {
    let choices = Value.allCases.map(\.rawValue)
    return Self(
      placeholder: placeholder, expectation: choices.joined(separator: ", "), choices: choices,
      parse: { Value(rawValue: $0) }, text: { $0.rawValue })
  }
}

/// A `KEY=VALUE` pair.
package struct Label: Sendable, Equatable {
  /// What stands before the first `=`.
  package var key: String
  /// What stands after it.
  package var value: String

  /// A pair.
  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

extension ValueType where Value == Label {
  /// A `KEY=VALUE` pair.
  package static var label: Self {
    Self(
      placeholder: "KEY=VALUE", expectation: "KEY=VALUE",
      parse: { text in
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { return nil }
        return Label(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
      },
      text: { $0.key + "=" + $0.value })
  }
}
