internal import CPQ

/// One row. Columns count from 0; one that is missing, NULL or of another type throws `.unexpectedType`.
public struct PostgresRow: Sendable {
  let rows: PostgresRows
  let index: CInt

  /// Whether the column is NULL.
  public func isNull(_ column: Int) throws(PostgresError) -> Bool {
    _ = try type(of: column)
    return PQgetisnull(rows.result.raw, index, CInt(column)) == 1
  }

  /// A `bool`.
  public func bool(_ column: Int) throws(PostgresError) -> Bool { try required(column, optionalBool(column)) }
  /// An `int4` or `int2`.
  public func int32(_ column: Int) throws(PostgresError) -> Int32 { try required(column, optionalInt32(column)) }
  /// An `int8`, `int4`, `int2` or `oid`.
  public func int64(_ column: Int) throws(PostgresError) -> Int64 { try required(column, optionalInt64(column)) }
  /// A `float8` or `float4`.
  public func double(_ column: Int) throws(PostgresError) -> Double { try required(column, optionalDouble(column)) }
  /// What `optionalString` takes.
  public func string(_ column: Int) throws(PostgresError) -> String { try required(column, optionalString(column)) }
  /// A `bytea`.
  public func bytes(_ column: Int) throws(PostgresError) -> [UInt8] { try required(column, optionalBytes(column)) }
  /// Microseconds since 1970.
  public func timestamp(_ column: Int) throws(PostgresError) -> Int64 {
    try required(column, optionalTimestamp(column))
  }

  /// A `bool`.
  public func optionalBool(_ column: Int) throws(PostgresError) -> Bool? {
    guard try type(of: column) == PostgresType.bool.rawValue else { throw mismatch(column, "bool") }
    guard let bytes = cell(column) else { return nil }
    guard bytes.count == 1 else { throw malformed(column) }
    return bytes[0] != 0
  }

  /// An `int4` or `int2`.
  public func optionalInt32(_ column: Int) throws(PostgresError) -> Int32? {
    switch try type(of: column) {
    case PostgresType.int32.rawValue: try integer(column, Int32.self)
    case PostgresType.int16.rawValue: try integer(column, Int16.self).map(Int32.init)
    default: throw mismatch(column, "int32")
    }
  }

  /// An `int8`, `int4`, `int2` or `oid`.
  public func optionalInt64(_ column: Int) throws(PostgresError) -> Int64? {
    switch try type(of: column) {
    case PostgresType.int64.rawValue: try integer(column, Int64.self)
    case PostgresType.int32.rawValue: try integer(column, Int32.self).map(Int64.init)
    case PostgresType.int16.rawValue: try integer(column, Int16.self).map(Int64.init)
    case ColumnType.oid: try integer(column, UInt32.self).map(Int64.init)
    default: throw mismatch(column, "int64")
    }
  }

  /// A `float8` or `float4`.
  public func optionalDouble(_ column: Int) throws(PostgresError) -> Double? {
    switch try type(of: column) {
    case PostgresType.double.rawValue: try integer(column, UInt64.self).map(Double.init(bitPattern:))
    case ColumnType.float: try integer(column, UInt32.self).map { Double(Float(bitPattern: $0)) }
    default: throw mismatch(column, "double")
    }
  }

  /// Any text type, `json` or `jsonb` (as JSON text), `uuid` (as 36 characters), or the nothing of a `void` function.
  public func optionalString(_ column: Int) throws(PostgresError) -> String? {
    switch try type(of: column) {
    case PostgresType.text.rawValue, ColumnType.limitedText, ColumnType.paddedText, ColumnType.name, ColumnType.char,
      ColumnType.json, ColumnType.unknown, ColumnType.void:
      return cell(column).map { String(decoding: $0, as: UTF8.self) }
    case PostgresType.jsonb.rawValue:
      guard let bytes = cell(column) else { return nil }
      guard bytes.first == jsonbVersion else { throw malformed(column) }
      return String(decoding: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self)
    case ColumnType.uuid:
      guard let bytes = cell(column) else { return nil }
      guard bytes.count == 16 else { throw malformed(column) }
      return uuidText(bytes)
    default: throw mismatch(column, "text")
    }
  }

  /// A `bytea`.
  public func optionalBytes(_ column: Int) throws(PostgresError) -> [UInt8]? {
    guard try type(of: column) == PostgresType.bytes.rawValue else { throw mismatch(column, "bytes") }
    return cell(column).map { [UInt8]($0) }
  }

  /// A `timestamptz` or `timestamp` (taken as UTC), in microseconds since 1970; infinities are `Int64.max` and `.min`.
  public func optionalTimestamp(_ column: Int) throws(PostgresError) -> Int64? {
    switch try type(of: column) {
    case PostgresType.timestamp.rawValue, ColumnType.localTimestamp: try integer(column, Int64.self).map(unixTime)
    default: throw mismatch(column, "timestamp")
    }
  }

  // MARK: - Cells

  /// The bytes of a column whose number has been checked; nil for NULL. They live as long as the rows.
  @inline(__always)
  func cell(_ column: Int) -> UnsafeRawBufferPointer? {
    let (raw, column) = (rows.result.raw, CInt(column))
    if PQgetisnull(raw, index, column) == 1 { return nil }
    return UnsafeRawBufferPointer(start: PQgetvalue(raw, index, column), count: Int(PQgetlength(raw, index, column)))
  }

  @inline(__always)
  func type(of column: Int) throws(PostgresError) -> UInt32 {
    guard column >= 0, column < rows.columnCount else {
      throw PostgresError(
        .unexpectedType, "column \(column) was asked for where there are \(rows.columnCount)", what: "read \(rows.what)"
      )
    }
    return PQftype(rows.result.raw, CInt(column))
  }

  @inline(__always)
  private func integer<I: FixedWidthInteger>(_ column: Int, _: I.Type) throws(PostgresError) -> I? {
    guard let bytes = cell(column) else { return nil }
    guard bytes.count == MemoryLayout<I>.size else { throw malformed(column) }
    return I(bigEndian: bytes.loadUnaligned(as: I.self))
  }

  @inline(__always)
  func required<T>(_ column: Int, _ value: T?) throws(PostgresError) -> T {
    guard let value else { throw error(column, "is NULL") }
    return value
  }

  func mismatch(_ column: Int, _ wanted: String) -> PostgresError {
    let oid = PQftype(rows.result.raw, CInt(column))
    let actual = PostgresType(rawValue: oid).map { "\($0)" } ?? "type number \(oid)"
    return error(column, "is \(actual) where \(wanted) was asked for; cast it in the statement")
  }

  func malformed(_ column: Int) -> PostgresError { error(column, "is not in the binary form of its type") }

  func error(_ column: Int, _ reason: String) -> PostgresError {
    PostgresError(.unexpectedType, "column \(rows.columnName(column)) \(reason)", what: "read \(rows.what)")
  }
}

/// Microseconds since 2000 as since 1970; the infinities stay what they are.
func unixTime(_ postgres: Int64) -> Int64 {
  guard postgres != .max, postgres != .min else { return postgres }
  let (value, overflow) = postgres.addingReportingOverflow(postgresEpoch)
  return overflow ? .max : value
}

private func uuidText(_ bytes: UnsafeRawBufferPointer) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for (index, byte) in bytes.enumerated() {
    if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
