internal import Wording

/// An option as people and tools see it: what the parser, the help, completion and the man page are made from.
package struct OptionDescription: Sendable {
  /// With its dashes: `--slots`.
  package var name: String
  /// A short form: `-h`.
  package var short: String?
  /// A flag's opposite: `--no-roles`.
  package var offName: String?
  /// What stands for the value: `N`; nil for a flag.
  package var placeholder: String?
  /// Whether it may stand without its value, which has to follow an `=` then: `--read-data=1/3`.
  package var valueIsOptional = false
  /// What it does, as a sentence without an end.
  package var summary: String
  /// What holds if it is not given, for the help.
  package var defaultText: String?
  /// The environment variables that hold its value if it is not given: the first that is set counts.
  package var environment: [String] = []
  /// Whether it may be given several times.
  package var isRepeatable = false
  /// All values, if there are few.
  package var choices: [String] = []
  /// What a shell offers for its value.
  package var completion = CompletionHint.none
  /// Checks the texts that were given for it.
  package var check: @Sendable ([String]) throws(UsageError) -> Void = { _ throws(UsageError) in }

  /// Whether an empty text may stand for nothing at all, so that a value of the environment can be kept out.
  var takesNothing: Bool { isRepeatable && !environment.isEmpty }

  /// Its value in the environment, and where it stands there.
  func value(in environment: (String) -> String?) -> (variable: String, text: String)? {
    for variable in self.environment {
      if let text = environment(variable), !text.isEmpty { return (variable, text) }
    }
    return nil
  }

  /// Its names, each as `name` shows it, and its value's placeholder as `value` does.
  func term(name: (String) -> String = { $0 }, value: (String) -> String = { $0 }) -> String {
    let names = names.map(name).joined(separator: ", ")
    guard let placeholder else { return names }
    return valueIsOptional ? "\(names)[=\(value(placeholder))]" : "\(names) \(value(placeholder))"
  }

  /// Its names, as they can be written.
  package var names: [String] { [short, name, offName].compactMap(\.self) }
}

/// An option with the type of its value.
///
/// Made once as a constant; lists of commands hold its `description`, and a command reads its value with `arguments[option]`.
package struct Option<Value: Sendable>: Sendable {
  package private(set) var description: OptionDescription
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
  package static func value(
    _ name: String, short: String? = nil, _ type: ValueType<Value>, default fallback: Value,
    environment: [String] = [], _ summary: String
  ) -> Self {
    let description = OptionDescription(
      name: name, short: short, placeholder: type.placeholder, summary: summary, defaultText: type.text(fallback),
      environment: environment, choices: type.choices, completion: type.completion)
    return Self(description) { texts throws(UsageError) in
      guard let text = texts.last else { return fallback }
      return try type.value(of: text, forOption: name)
    }
  }

  /// An option that may be left out; `defaultText` says what happens then.
  package static func optional<Some>(
    _ name: String, short: String? = nil, _ type: ValueType<Some>, default defaultText: String? = nil,
    environment: [String] = [], _ summary: String
  ) -> Self where Value == Some? {
    let description = OptionDescription(
      name: name, short: short, placeholder: type.placeholder, summary: summary, defaultText: defaultText,
      environment: environment, choices: type.choices, completion: type.completion)
    return Self(description) { texts throws(UsageError) in
      guard let text = texts.last else { return nil }
      return try type.value(of: text, forOption: name)
    }
  }

  /// An option that may be left out, or stand alone as a flag: `alone` is what it means then. A value follows an `=`.
  package static func optionalValue<Some>(
    _ name: String, _ type: ValueType<Some>, alone: Some, _ summary: String
  ) -> Self where Value == Some? {
    let description = OptionDescription(
      name: name, placeholder: type.placeholder, valueIsOptional: true, summary: summary, choices: type.choices,
      completion: type.completion)
    return Self(description) { texts throws(UsageError) in
      guard let text = texts.last else { return nil }
      // The parser lets no other empty text pass.
      return try text.isEmpty ? alone : type.value(of: text, forOption: name)
    }
  }

  /// An option that may be given any number of times. With an empty text it has no value, whatever the environment says.
  package static func repeated<Element>(
    _ name: String, short: String? = nil, _ type: ValueType<Element>, environment: [String] = [], _ summary: String
  ) -> Self where Value == [Element] {
    let description = OptionDescription(
      name: name, short: short, placeholder: type.placeholder, summary: summary, environment: environment,
      isRepeatable: true, choices: type.choices, completion: type.completion)
    return Self(description) { texts throws(UsageError) in
      var values: [Element] = []
      for text in texts where !(text.isEmpty && description.takesNothing) {
        values.append(try type.value(of: text, forOption: name))
      }
      return values
    }
  }
}

extension Option where Value == Bool {
  /// An option without a value; `off` names its opposite, for one that holds unless it is told otherwise.
  package static func flag(
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
  func value(of text: String, forOption name: String) throws(UsageError) -> Value {
    if text.isEmpty { throw UsageError(message: "option '\(name)' needs a value: \(placeholder)") }
    return try value(of: text, for: "option '\(name)'")
  }

  func value(of text: String, for what: String) throws(UsageError) -> Value {
    if let value = parse(text) { return value }
    let nearest = nearestNames(to: text, among: choices)
    let hint = didYouMean(nearest)
    let expected = choices.isEmpty ? expectation : alternatives(choices)
    throw UsageError(message: "\(what): \(quotedForMessage(text)) is not \(expected)\(hint)")
  }
}
