public import JSON
internal import Wording

/// Something that a run is told.
public struct Parameter: Sendable {
  /// Its name and where it is declared.
  public var name: Located<String>
  /// The type of its value.
  public var type: DataType
  /// Whether each run has to give it.
  public var isRequired: Bool
  /// Its value if a run doesn't give it.
  public var fallback: JSONValue?
  /// The only values that it may have, if these are named.
  public var choices: [JSONValue]
  /// What it is for, for people.
  public var description: String?
}

/// Why a run can't be started with these parameters.
public struct ParameterError: Error, Sendable, CustomStringConvertible {
  /// One sentence.
  public let description: String
}

extension Parameter {
  /// What is wrong with a value, as the end of "parameter 'x' "; nil if nothing is. The value is not repeated: it may be a secret.
  func problem(of value: JSONValue) -> String? {
    guard type.allows(value) else { return "has to be \(type.expectation)" }
    guard choices.isEmpty || choices.contains(value) else {
      return "has to be \(alternatives(choices.map { $0.string ?? $0.text }))"
    }
    return nil
  }

  /// The value that a text on a command line stands for.
  /// - Throws: `ParameterError` if it stands for none of this type.
  public func value(of text: String) throws(ParameterError) -> JSONValue {
    let value: JSONValue? =
      switch type {
      case .string: .string(text)
      case .integer: Int64(text).map { .int($0) }
      case .number: Double(text).map { .double($0) }
      case .boolean: ["true": true, "false": false][text].map { .bool($0) }
      case .duration: .string(text)
      case .list, .map: try? JSONValue(parsing: text)
      case .any: (try? JSONValue(parsing: text)) ?? .string(text)
      }
    guard let value, problem(of: value) == nil else {
      let form = type == .list || type == .map ? ", in JSON" : ""
      throw ParameterError(description: "parameter '\(name.value)' \(problem(of: value ?? .null) ?? "is wrong")\(form)")
    }
    return value
  }
}

extension [Parameter] {
  /// The parameters of a run: what was given, and defaults for the rest.
  /// - Throws: `ParameterError` for the first that is unknown, missing or of the wrong type.
  public func resolve(_ given: [String: JSONValue]) throws(ParameterError) -> [String: JSONValue] {
    if let unknown = given.keys.filter({ key in !contains { $0.name.value == key } }).min() {
      throw ParameterError(description: "there is no parameter \(quotedForMessage(unknown))" + hint(for: unknown))
    }
    var values: [String: JSONValue] = [:]
    for parameter in self {
      let name = parameter.name.value
      if let value = given[name] {
        if let problem = parameter.problem(of: value) {
          throw ParameterError(description: "parameter '\(name)' \(problem)")
        }
        values[name] = value
      } else if parameter.isRequired {
        throw ParameterError(description: "parameter '\(name)' is missing; it has to be \(parameter.type.expectation)")
      } else {
        // So that expressions may ask for it.
        values[name] = parameter.fallback ?? .null
      }
    }
    return values
  }

  func hint(for unknown: String) -> String {
    let names = map(\.name.value)
    let nearest = nearestNames(to: unknown, among: names)
    if !nearest.isEmpty { return "; did you mean \(alternatives(nearest))?" }
    return names.isEmpty ? "; the workflow declares none" : "; there are \(names.joined(separator: ", "))"
  }
}
