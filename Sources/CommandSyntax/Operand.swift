/// What a command takes beside options, as people and tools see it: names of files or runs.
package struct OperandDescription: Sendable {
  /// What stands for it: `FILE`.
  package var placeholder: String
  /// What it is, as a sentence without an end.
  package var summary: String
  /// Whether it may be left out.
  package var isOptional: Bool
  /// Whether there may be several.
  package var isRepeatable: Bool
  /// All values, if there are few.
  package var choices: [String]
  /// What a shell offers for it.
  package var completion: CompletionHint
  /// Checks the texts that were given for it.
  package var check: @Sendable ([String]) throws(UsageError) -> Void

  /// As a usage line has it: `RUN`, `[STEP]`, `FILE…`.
  package var usage: String {
    let text = placeholder + (isRepeatable ? "…" : "")
    return isOptional ? "[\(text)]" : text
  }
}

/// An operand with the type of its value.
///
/// Made once as a constant; a command lists its `description` and reads its value with `arguments[operand]`.
package struct Operand<Value: Sendable>: Sendable {
  package let description: OperandDescription
  /// The value of the texts that were given for it: none if it was left out, several if it may be repeated.
  let value: @Sendable ([String]) throws(UsageError) -> Value
}

extension Operand {
  /// One that has to be given.
  package static func required(_ type: ValueType<Value>, _ summary: String) -> Self {
    make(type, summary) { texts throws(UsageError) in
      guard let text = texts.last else { throw UsageError(message: "\(type.placeholder) is missing") }
      return try type.value(of: text, for: type.placeholder)
    }
  }

  /// One that may be left out.
  package static func optional<Some>(_ type: ValueType<Some>, _ summary: String) -> Self where Value == Some? {
    make(type, summary, isOptional: true) { texts throws(UsageError) in
      guard let text = texts.last else { return nil }
      return try type.value(of: text, for: type.placeholder)
    }
  }

  /// Any number of them; at least one unless `isOptional`.
  package static func repeated<Element>(
    _ type: ValueType<Element>, isOptional: Bool = false, _ summary: String
  ) -> Self where Value == [Element] {
    make(type, summary, isOptional: isOptional, isRepeatable: true) { texts throws(UsageError) in
      var values: [Element] = []
      for text in texts { values.append(try type.value(of: text, for: type.placeholder)) }
      return values
    }
  }

  private static func make<Element>(
    _ type: ValueType<Element>, _ summary: String, isOptional: Bool = false, isRepeatable: Bool = false,
    value: @escaping @Sendable ([String]) throws(UsageError) -> Value
  ) -> Self {
    let description = OperandDescription(
      placeholder: type.placeholder, summary: summary, isOptional: isOptional, isRepeatable: isRepeatable,
      choices: type.choices, completion: type.completion,
      check: { texts throws(UsageError) in _ = try value(texts) })
    return Self(description: description, value: value)
  }
}
