/// A parameter of a statement.
///
/// Goes to the server in binary under exactly this type, so an `int32` parameter is `.int32`, not `.int64`.
public enum PostgresValue: Sendable, Hashable {
  /// NULL of whatever type the parameter has.
  case null
  case bool(Bool)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case double(Double)
  /// `text`; a zero byte is refused by the server.
  case text(String)
  /// `bytea`.
  case bytes([UInt8])
  /// `jsonb`, as JSON text.
  case jsonb(String)
  /// `timestamptz`, in microseconds since 1970; `Int64.max` and `.min` are infinity and -infinity.
  case timestamp(Int64)
  /// Text which the server reads as whatever type it needs: `uuid`, enums, `interval`, …
  case untyped(String)

  case boolArray([Bool])
  case int32Array([Int32])
  case int64Array([Int64])
  case doubleArray([Double])
  case textArray([String])
  case optionalInt32Array([Int32?])
  case optionalInt64Array([Int64?])
  case optionalTextArray([String?])
  case bytesArray([[UInt8]?])
  /// `jsonb[]`, as JSON texts; nil is NULL, not JSON's null.
  case jsonbArray([String?])
  /// `timestamptz[]`, in microseconds since 1970.
  case timestampArray([Int64?])

  /// The type under which the value goes; NULL has none of its own.
  public var type: PostgresType {
    switch self {
    case .null, .untyped: .inferred
    case .bool: .bool
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .double: .double
    case .text: .text
    case .bytes: .bytes
    case .jsonb: .jsonb
    case .timestamp: .timestamp
    case .boolArray: .boolArray
    case .int32Array, .optionalInt32Array: .int32Array
    case .int64Array, .optionalInt64Array: .int64Array
    case .doubleArray: .doubleArray
    case .textArray, .optionalTextArray: .textArray
    case .bytesArray: .bytesArray
    case .jsonbArray: .jsonbArray
    case .timestampArray: .timestampArray
    }
  }
}

extension PostgresValue: ExpressibleByNilLiteral {
  /// NULL.
  public init(nilLiteral: ()) { self = .null }
}

/// PostgreSQL counts microseconds from 2000-01-01; this is that moment since 1970.
let postgresEpoch: Int64 = 946_684_800_000_000
