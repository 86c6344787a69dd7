public import JSON

/// The types of parameters and outputs.
public enum DataType: String, Sendable, CaseIterable {
  case string, integer, number, boolean, duration, list, map, any

  /// What a value of it is, as the end of "… is not".
  public var expectation: String {
    switch self {
    case .string: "a text"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .duration: DurationText.expectation
    case .list: "a list"
    case .map: "a map"
    case .any: "a value"
    }
  }

  /// Whether a value is of this type.
  public func allows(_ value: JSONValue) -> Bool {
    switch self {
    case .string: value.string != nil
    case .integer: value.int != nil
    case .number: value.double != nil
    case .boolean: value.bool != nil
    case .duration: DurationText.seconds(of: value) != nil
    case .list: value.array != nil
    case .map: value.object != nil
    case .any: true
    }
  }

  /// Whether its values have fields of their own.
  var hasFields: Bool { self == .map || self == .list || self == .any }

  static let words = allCases.map(\.rawValue)
}
