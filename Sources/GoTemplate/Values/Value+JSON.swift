internal import FoundationEssentials
public import JSON

/// What whole numbers of a JSON document become.
public enum NumberRule: Sendable {
  /// Whole numbers are `int`: for our own documents, where 3 is to print as 3 however large it gets.
  case integers
  /// Every number is a `float64`: what Go makes of JSON.
  case float64
}

extension Value {
  /// The value of a JSON document.
  public init(_ json: JSONValue, numbers: NumberRule = .integers) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = numbers == .integers ? .int(Int(value)) : .float(Double(value))
    case .double(let value): self = .float(value)
    case .string(let value): self = .string(value)
    case .array(let elements): self = .list(elements.map { Value($0, numbers: numbers) })
    case .object(let members): self = .map(members.mapValues { Value($0, numbers: numbers) })
    }
  }

  /// This value as JSON: bytes in base64, structs as objects. Nil if it holds a number that JSON has not (NaN, infinity),
  /// or is nested too deeply.
  public var json: JSONValue? { json(depth: 0) }

  private func json(depth: Int) -> JSONValue? {
    guard depth < 500 else { return nil }  // a map can be made to hold itself
    switch self {
    case .null, .nilPointer: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(Int64(value))
    case .int64(let value): return .int(value)
    case .byte(let value): return .int(Int64(value))
    case .float(let value): return value.isFinite ? .double(value) : nil
    case .string(let value): return .string(value)
    case .bytes(let value): return .string(Data(value).base64EncodedString())
    case .list(let list):
      if list.isNil { return .null }
      let elements = list.elements.compactMap { $0.json(depth: depth + 1) }
      return elements.count == list.elements.count ? .array(elements) : nil
    case .map(let map):
      if map.isNil { return .null }
      let members = map.entries.compactMapValues { $0.json(depth: depth + 1) }
      return members.count == map.entries.count ? .object(members) : nil
    case .structure(let value):
      var members: [String: JSONValue] = [:]
      for (field, value) in zip(value.type.fields, value.fields) {
        guard let json = value.json(depth: depth + 1) else { return nil }
        members[field.name] = json
      }
      return .object(members)
    case .object(let object): return object.json
    }
  }
}
