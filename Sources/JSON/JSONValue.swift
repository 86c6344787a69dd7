internal import FoundationEssentials

/// A JSON document as a value: what `with`, outputs and parameters are made of.
///
/// Whole numbers stay integers, so that `3` never comes back as `3.0`.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

/// Text that is not JSON.
public struct JSONError: Error, CustomStringConvertible {
  /// What is wrong with the text, in one sentence.
  public let description: String
}

extension JSONValue {
  /// Parses one JSON document.
  /// - Throws: `JSONError` if the text is not JSON or is nested too deeply.
  public init(parsing text: String) throws(JSONError) {
    do {
      self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw JSONError(description: "not valid JSON: \(text.prefix(60))")
    }
  }

  /// The document as compact text with sorted keys: equal values print alike.
  public var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { return "null" }  // only NaN and infinities cannot be encoded
    return String(decoding: data, as: UTF8.self)
  }

  /// The member `key` of an object; nil for other values and missing keys.
  public subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The string, if this is one.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The whole number, if this is one.
  public var int: Int64? { if case .int(let value) = self { value } else { nil } }
  /// The number as a double, if this is a number.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
  /// The truth value, if this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The elements, if this is an array.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members, if this is an object.
  public var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
}
