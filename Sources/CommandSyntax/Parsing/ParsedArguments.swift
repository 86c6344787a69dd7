/// What a command line said, checked: every text in it is a valid value of its option or operand.
package struct ParsedArguments: Sendable {
  /// The texts given for each option, by its name.
  private(set) var texts: [String: [String]] = [:]
  /// The texts given beside options, by the operand's placeholder.
  private(set) var operandTexts: [String: [String]] = [:]

  /// Nothing given.
  package init() {}

  mutating func add(_ text: String, to option: OptionDescription) { texts[option.name, default: []].append(text) }

  mutating func set(_ texts: [String], of operand: OperandDescription) { operandTexts[operand.placeholder] = texts }

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

  /// Whether the option was given, on the command line or by its environment variable.
  package func isGiven<Value>(_ option: Option<Value>) -> Bool { texts[option.description.name] != nil }

  private func checked<Value>(_ name: String, _ value: () throws(UsageError) -> Value) -> Value {
    do throws(UsageError) { return try value() } catch { preconditionFailure("\(name) was not checked: \(error)") }
  }
}
