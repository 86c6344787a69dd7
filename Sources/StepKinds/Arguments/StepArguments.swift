package import JSON
package import StepEngine
import Wording
package import WorkflowDSL

/// A step's `with`, read key by key. Whatever is wrong with it is a permanent failure of one sentence which names the
/// kind, the key, what was expected and what was found.
package struct StepArguments {
  /// The name of the kind, for messages.
  package let kind: String
  private let members: [String: JSONValue]

  /// - Parameter signature: what the kind declares; other keys are refused, with the nearest of its own.
  package init(_ with: JSONValue, of signature: StepSignature) throws(StepFailure) {
    kind = signature.kind
    let keys = signature.inputs.map(\.key)
    switch with {
    case .null: members = [:]
    case .object(let object): members = object.filter { $0.value != .null }
    default: throw StepFailure(.permanent, "\(kind): 'with' must be a map of arguments; it is \(noun(with))")
    }
    guard let unknown = members.keys.filter({ !keys.contains($0) }).min() else { return }
    let hint =
      if let near = nearestNames(to: unknown, among: keys).first {
        "did you mean '\(near)'?"
      } else if keys.isEmpty {
        "it takes no arguments"
      } else {
        "it takes \(keys.joined(separator: ", "))"
      }
    throw StepFailure(.permanent, "\(kind): 'with' has an unknown key '\(unknown)'; \(hint)")
  }

  /// The failure for a key whose value is not what it has to be.
  package func failure(_ key: String, mustBe expected: String) -> StepFailure {
    let found = members[key].map { "; it is \(noun($0))" } ?? "; it is missing"
    return StepFailure(.permanent, "\(kind): 'with.\(key)' must be \(expected)\(found)")
  }

  /// The raw value; nil if the key is absent or null, as with all that follow.
  package func value(_ key: String) -> JSONValue? { members[key] }

  package func string(_ key: String) throws(StepFailure) -> String? {
    try decode(key, "a string") { $0.string }
  }

  /// A string that has to be there.
  package func requiredString(_ key: String) throws(StepFailure) -> String {
    guard let string = try string(key), !string.isEmpty else {
      throw failure(key, mustBe: "a string that is not empty")
    }
    return string
  }

  package func integer(_ key: String, in range: ClosedRange<Int64>) throws(StepFailure) -> Int? {
    try decode(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
      value.int.flatMap { range.contains($0) ? Int($0) : nil }
    }
  }

  /// `90s`, `1h30m`, or a number of seconds, fractions allowed.
  package func duration(_ key: String) throws(StepFailure) -> Duration? {
    try decode(key, DurationText.expectation) { value in DurationText.seconds(of: value).map { .seconds($0) } }
  }

  package func object(_ key: String) throws(StepFailure) -> [String: JSONValue]? {
    try decode(key, "a map") { $0.object }
  }

  /// A map of texts; numbers and truth values count as their text, because YAML makes them of `PORT: 5432`.
  package func texts(_ key: String) throws(StepFailure) -> [String: String]? {
    try decode(key, "a map of strings") { value in
      guard let object = value.object else { return nil }
      let texts = object.compactMapValues(scalarText)
      return texts.count == object.count ? texts : nil
    }
  }

  package func integers(_ key: String) throws(StepFailure) -> [Int]? {
    try decode(key, "a list of whole numbers") { value in
      guard let array = value.array else { return nil }
      let numbers = array.compactMap { $0.int.map(Int.init) }
      return numbers.count == array.count ? numbers : nil
    }
  }

  /// One of these words.
  package func choice(_ key: String, _ words: [String]) throws(StepFailure) -> String? {
    try decode(key, "one of " + words.joined(separator: ", ")) { value in
      value.string.flatMap { words.contains($0) ? $0 : nil }
    }
  }

  private func decode<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(StepFailure) -> T? {
    guard let value = members[key] else { return nil }
    guard let converted = convert(value) else { throw failure(key, mustBe: expected) }
    return converted
  }
}

/// The text of a string, number or truth value; nil for lists, maps and null.
package func scalarText(_ value: JSONValue) -> String? {
  switch value {
  case .string(let text): text
  case .int, .double, .bool: value.text
  case .null, .array, .object: nil
  }
}

/// What a value is, in words. Not the value itself: it may be a secret.
package func noun(_ value: JSONValue) -> String {
  switch value {
  case .null: "null"
  case .bool: "true or false"
  case .int, .double: "a number"
  case .string: "a string"
  case .array: "a list"
  case .object: "a map"
  }
}
