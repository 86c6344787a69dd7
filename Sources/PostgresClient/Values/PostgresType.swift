/// The types that a parameter can have, with the server's numbers for them.
public enum PostgresType: UInt32, Sendable, Hashable {
  /// The server finds the type; the value goes as text.
  case inferred = 0
  case bool = 16
  case bytes = 17
  case int64 = 20
  case int16 = 21
  case int32 = 23
  case text = 25
  case double = 701
  case timestamp = 1184
  case jsonb = 3802
  case boolArray = 1000
  case bytesArray = 1001
  case int32Array = 1007
  case textArray = 1009
  case int64Array = 1016
  case doubleArray = 1022
  case timestampArray = 1185
  case jsonbArray = 3807
}

/// Numbers of types that only come back in rows.
enum ColumnType {
  static let name: UInt32 = 19
  static let char: UInt32 = 18
  static let oid: UInt32 = 26
  static let json: UInt32 = 114
  static let float: UInt32 = 700
  static let unknown: UInt32 = 705
  static let paddedText: UInt32 = 1042
  static let limitedText: UInt32 = 1043
  static let localTimestamp: UInt32 = 1114
  static let uuid: UInt32 = 2950
  static let void: UInt32 = 2278
}
