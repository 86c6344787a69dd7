internal import Wording

/// An option as people and tools see it: what the parser, the help, completion and the man page are made from.
struct OptionDescription: Sendable {
  /// With its dashes: `--slots`.
  var name: String
  /// A short form: `-h`.
  var short: String?
  /// A flag's opposite: `--no-roles`.
  var offName: String?
  /// What stands for the value: `N`; nil for a flag.
  var placeholder: String?
  /// What it does, as a sentence without an end.
  var summary: String
  /// What holds if it is not given, for the help.
  var defaultText: String?
  /// The environment variable that holds its value if it is not given.
  var environment: String?
  /// Whether it may be given several times.
  var isRepeatable = false
  /// All values, if there are few.
  var choices: [String] = []
  /// Checks the texts that were given for it.
  var check: @Sendable ([String]) throws(UsageError) -> Void = { _ throws(UsageError) in }
}

/// An option with the type of its value.
///
/// Made once as a constant; lists of commands hold its `description`, and a command reads its value with `arguments[option]`.
struct Option<Value: Sendable>: Sendable {
  private(set) var description: OptionDescription
  /// The value of the texts that were given for it: none if it was not given, several if it may be repeated.
  let value: @Sendable ([String]) throws(UsageError) -> Value

  private init(_ description: OptionDescription, value: @escaping @Sendable ([String]) throws(UsageError) -> Value) {
    self.description = description
    self.value = value
    self.description.check = { texts throws(UsageError) in _ = try value(texts) }
  }
}

extension Option {
  /// An option with a default.
  static func value(_ name: String, _ type: ValueType<Value>, default fallback: Value, _ summary: String) -> Self {
    let description = OptionDescription(
      name: name, placeholder: type.placeholder, summary: summary, defaultText: type.text(fallback),
      choices: type.choices)
    return Self(description) { texts throws(UsageError) in
      guard let text = texts.last else { return fallback }
      return try type.value(of: text, for: name)
    }
  }

  /// An option that may be left out; `defaultText` says what happens then.
  static func optional<Some>(
    _ name: String, _ type: ValueType<Some>, default defaultText: String? = nil, environment: String? = nil,
    _ summary: String
  ) -> Self where Value == Some? {
    let description = OptionDescription(
      name: name, placeholder: type.placeholder, summary: summary, defaultText: defaultText, environment: environment,
      choices: type.choices)
    return Self(description) { texts throws(UsageError) in
      guard let text = texts.last else { return nil }
      return try type.value(of: text, for: name)
    }
  }

  /// An option that may be given any number of times.
  static func repeated<Element>(
    _ name: String, _ type: ValueType<Element>, _ summary: String
  ) -> Self where Value == [Element] {
    let description = OptionDescription(
      name: name, placeholder: type.placeholder, summary: summary, isRepeatable: true, choices: type.choices)
    return Self(description) { texts throws(UsageError) in
      var values: [Element] = []
      for text in texts { values.append(try type.value(of: text, for: name)) }
      return values
    }
  }
}

extension Option where Value == Bool {
  /// An option without a value; `off` names its opposite, for one that holds unless it is told otherwise.
  static func flag(
    _ name: String, short: String? = nil, off: String? = nil, default fallback: Bool = false, _ summary: String
  ) -> Self {
    let description = OptionDescription(
      name: name, short: short, offName: off, summary: summary, defaultText: off == nil ? nil : fallback ? "yes" : "no")
    return Self(description) { texts throws(UsageError) in texts.last.map { $0 == flagOn } ?? fallback }
  }
}

/// The texts that the parser notes for a flag and for its opposite.
let flagOn = "yes"
let flagOff = "no"

extension ValueType {
  fileprivate func value(of text: String, for name: String) throws(UsageError) -> Value {
    if let value = parse(text) { return value }
    if text.isEmpty { throw UsageError(message: "option '\(name)' needs a value: \(placeholder)") }
    let nearest = nearestNames(to: text, among: choices)
    let hint = nearest.isEmpty ? "" : "; did you mean \(alternatives(nearest))?"
    let expected = choices.isEmpty ? expectation : alternatives(choices)
    throw UsageError(message: "option '\(name)': \(quotedForMessage(text)) is not \(expected)\(hint)")
  }
}
