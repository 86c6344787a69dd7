public import JSON

/// The Go type that a value has, or that a list, map or struct declares for what it holds.
public indirect enum GoType: Sendable, Hashable {
  /// `interface {}`: anything.
  case any
  case bool
  case int
  case int64
  case byte
  case float64
  case string
  case list(GoType)
  case map(GoType)
  case structure(StructType)
  case pointer(StructType)
  /// The type of a `GoObject`, by its name.
  case object(String)

  /// The type as `%T` prints it.
  public var name: String {
    switch self {
    case .any: "interface {}"
    case .bool: "bool"
    case .int: "int"
    case .int64: "int64"
    case .byte: "uint8"
    case .float64: "float64"
    case .string: "string"
    case .list(let element): "[]" + element.name
    case .map(let element): "map[string]" + element.name
    case .structure(let type): type.name
    case .pointer(let type): "*" + type.name
    case .object(let name): name
    }
  }

  /// The value that Go gives to a variable of this type that nothing was assigned to.
  public var zero: Value {
    switch self {
    case .any, .object: .null
    case .bool: .bool(false)
    case .int: .int(0)
    case .int64: .int64(0)
    case .byte: .byte(0)
    case .float64: .float(0)
    case .string: .string("")
    case .list(.byte): .bytes([])
    case .list(let element): .list(ListValue([], of: element, isNil: true))
    case .map(let element): .map(MapValue([:], of: element, isNil: true))
    case .structure(let type): .structure(StructValue(type))
    case .pointer(let type): .nilPointer(type)
    }
  }
}

/// A struct type: its fields in order.
public struct StructType: Sendable, Hashable {
  /// One field of a struct.
  public struct Field: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// What it is declared as.
    public let type: GoType

    /// A field of this name and type.
    public init(_ name: String, _ type: GoType) {
      self.name = name
      self.type = type
    }
  }

  /// The name that messages and `%T` show.
  public let name: String
  /// Its fields, in order.
  public let fields: [Field]

  /// A struct type with these fields.
  public init(_ name: String, _ fields: [Field]) {
    self.name = name
    self.fields = fields
  }
}

/// A Go value that is not plain data: it has a type of its own, and methods.
public protocol GoObject {
  /// Its type as `%T` prints it: `time.Time`, `*semver.Version`.
  var typeName: String { get }
  /// Its kind as `kindOf` prints it: `struct`, `ptr`.
  var kindName: String { get }
  /// What `%v` prints.
  var text: String { get }
  /// What it is in JSON.
  var json: JSONValue { get }
  /// The method of this name, to be called with its arguments only.
  func method(named name: String) -> Function?
  /// Whether Go's `==` holds.
  func isEqual(to other: any GoObject) -> Bool
}

extension Value {
  /// The Go type of this value; nil for untyped nil.
  public var type: GoType? {
    switch self {
    case .null: nil
    case .bool: .bool
    case .int: .int
    case .int64: .int64
    case .byte: .byte
    case .float: .float64
    case .string: .string
    case .bytes: .list(.byte)
    case .list(let list): .list(list.element)
    case .map(let map): .map(map.element)
    case .structure(let value): value.isPointer ? .pointer(value.type) : .structure(value.type)
    case .nilPointer(let type): .pointer(type)
    case .object(let object): .object(object.typeName)
    }
  }

  /// The type as `%T` prints it: `<nil>` for nil.
  public var typeName: String { type?.name ?? "<nil>" }

  /// The kind as Go's reflection names it: `invalid` for nil.
  public var kindName: String {
    switch self {
    case .null: "invalid"
    case .bytes, .list: "slice"
    case .map: "map"
    case .structure(let value): value.isPointer ? "ptr" : "struct"
    case .nilPointer: "ptr"
    case .object(let object): object.kindName
    case .bool, .int, .int64, .byte, .float, .string: typeName
    }
  }

  /// Whether `if` takes it as true: not nil, false, zero, or empty. A struct is always true.
  public var isTrue: Bool {
    switch self {
    case .null, .nilPointer: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .int64(let value): value != 0
    case .byte(let value): value != 0
    case .float(let value): value != 0
    case .string(let value): !value.isEmpty
    case .bytes(let value): !value.isEmpty
    case .list(let list): !list.elements.isEmpty
    case .map(let map): !map.entries.isEmpty
    case .structure, .object: true
    }
  }
}
