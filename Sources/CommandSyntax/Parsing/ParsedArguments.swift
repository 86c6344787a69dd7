/// What a command line said, checked: every text in it is a valid value of its option or operand.
package struct ParsedArguments: Sendable {
  /// The texts given for each option, by its name.
  private(set) var texts: [String: [String]] = [:]
  /// The texts given beside options, by the operand's placeholder.
  private(set) var operandTexts: [String: [String]] = [:]

  /// The environment variables that values were taken from, by the option's name.
  private var variables: [String: String] = [:]

  /// Nothing given.
  package init() {}

  mutating func add(_ text: String, to option: OptionDescription) { texts[option.name, default: []].append(text) }

  mutating func add(_ text: String, to option: OptionDescription, from variable: String) {
    add(text, to: option)
    variables[option.name] = variable
  }

  mutating func set(_ texts: [String], of operand: OperandDescription) { operandTexts[operand.placeholder] = texts }

  /// What was given for options, as far as `isKept` says so.
  func keeping(_ isKept: (_ option: String, _ texts: [String]) -> Bool) -> ParsedArguments {
    var result = ParsedArguments()
    result.texts = texts.filter { isKept($0.key, $0.value) }
    result.operandTexts = operandTexts
    return result
  }

  /// The option's value, or its default if it was not given.
  package subscript<Value>(option: Option<Value>) -> Value {
    checked(option.description.name) { () throws(UsageError) in
      try option.value(texts[option.description.name] ?? [])
    }
  }

  /// The operand's value.
  package subscript<Value>(operand: Operand<Value>) -> Value {
    checked(operand.description.placeholder) { () throws(UsageError) in
      try operand.value(operandTexts[operand.description.placeholder] ?? [])
    }
  }

  /// The operand's value; nil where it is not there yet, as while a line is being typed.
  package func given<Value>(_ operand: Operand<Value>) -> Value? {
    guard let texts = operandTexts[operand.description.placeholder], !texts.isEmpty else { return nil }
    return try? operand.value(texts)
  }

  /// Whether the option was given, on the command line or by its environment variable.
  package func isGiven<Value>(_ option: Option<Value>) -> Bool { texts[option.description.name] != nil }

  /// The environment variable that the option's value was taken from; nil if it stands on the command line, or nowhere.
  package func variable<Value>(of option: Option<Value>) -> String? { variables[option.description.name] }

  private func checked<Value>(_ name: String, _ value: () throws(UsageError) -> Value) -> Value {
    do throws(UsageError) { return try value() } catch { preconditionFailure("\(name) was not checked: \(error)") }
  }
}
