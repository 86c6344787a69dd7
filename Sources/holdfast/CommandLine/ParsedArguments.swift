/// What a command line said, checked: every text in it is a valid value of its option.
struct ParsedArguments: Sendable {
  /// The texts given for each option, by its name.
  private(set) var texts: [String: [String]] = [:]
  /// What was given beside options.
  var operands: [String] = []

  mutating func add(_ text: String, to option: OptionDescription) { texts[option.name, default: []].append(text) }

  /// The option's value, or its default if it was not given.
  subscript<Value>(option: Option<Value>) -> Value {
    do throws(UsageError) {
      return try option.value(texts[option.description.name] ?? [])
    } catch {
      preconditionFailure("\(option.description.name) was not checked: \(error)")
    }
  }
}
