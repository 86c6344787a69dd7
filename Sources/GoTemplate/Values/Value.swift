/// What templates compute with: a Go value.
///
/// A map is shared by all that hold it, as in Go: `set` and `merge` change it in place, input data included.
/// Everything else has value semantics. A value stays within one task; templates themselves can be shared.
public enum Value {
  /// Go's untyped nil: JSON's null, and what a missing key is to a function.
  case null
  case bool(Bool)
  /// Go's `int`: literals, lengths, positions, and whole numbers of our own documents.
  case int(Int)
  /// Go's `int64`: what arithmetic functions give.
  case int64(Int64)
  /// Go's `uint8`: one byte of a string or of bytes.
  case byte(UInt8)
  case float(Double)
  case string(String)
  /// Go's `[]byte`: the data of a Kubernetes secret.
  case bytes([UInt8])
  case list(ListValue)
  case map(MapValue)
  /// A struct, or a pointer to one.
  case structure(StructValue)
  /// A nil pointer to a struct of this type.
  case nilPointer(StructType)
  /// Anything else with methods: a time, a version.
  case object(any GoObject)
}

/// A Go slice.
public struct ListValue {
  /// What it holds.
  public var elements: [Value]
  /// What its elements are declared as: `any` for `[]interface {}`.
  public var element: GoType
  /// Whether it is Go's nil slice, which is empty and is `null` in JSON.
  public var isNil: Bool

  /// A list of these values.
  public init(_ elements: [Value], of element: GoType = .any, isNil: Bool = false) {
    self.elements = elements
    self.element = element
    self.isNil = isNil
  }
}

/// A Go map with string keys; all that hold it see its changes.
public final class MapValue {
  /// What it holds.
  public var entries: [String: Value]
  /// What its values are declared as: `any` for `map[string]interface {}`.
  public let element: GoType
  /// Whether it is Go's nil map, which is empty and is `null` in JSON.
  public let isNil: Bool

  /// A map with these entries.
  public init(_ entries: [String: Value] = [:], of element: GoType = .any, isNil: Bool = false) {
    self.entries = entries
    self.element = element
    self.isNil = isNil
  }

  /// The keys in Go's order, which is that of their bytes.
  public var sortedKeys: [String] { entries.keys.sorted(by: isInByteOrder) }
}

/// A Go struct, or a pointer to one.
public struct StructValue {
  /// Its type, which names the fields.
  public let type: StructType
  /// One value for each field of the type, in its order.
  public var fields: [Value]
  /// Whether this is a pointer to the struct.
  public var isPointer: Bool

  /// A struct of this type. Fields that `values` does not name have their zero value.
  public init(_ type: StructType, _ values: [String: Value] = [:], isPointer: Bool = false) {
    self.type = type
    self.fields = type.fields.map { values[$0.name] ?? $0.type.zero }
    self.isPointer = isPointer
  }

  /// The field of this name.
  public subscript(name: String) -> Value? {
    type.fields.firstIndex { $0.name == name }.map { fields[$0] }
  }
}

extension Value {
  /// A `[]interface {}`.
  public static func list(_ elements: [Value]) -> Value { .list(ListValue(elements)) }
  /// A `[]string`.
  public static func strings(_ elements: [String]) -> Value {
    .list(ListValue(elements.map { .string($0) }, of: .string))
  }
  /// A `map[string]interface {}`.
  public static func map(_ entries: [String: Value]) -> Value { .map(MapValue(entries)) }
}

/// Go's order of strings. Swift's own takes different spellings of a letter as equal.
func isInByteOrder(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

/// Go's equality of strings.
func isSameText(_ left: String, _ right: String) -> Bool {
  left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}
