internal import CPQ

/// Arrays of one dimension. NULL elements throw `.unexpectedType` unless the method's name says optional.
extension PostgresRow {
  /// An `int8[]`.
  public func int64Array(_ column: Int) throws(PostgresError) -> [Int64] {
    try array(column, .int64Array, .int64, missing: nil) { Int64(bigEndianBytes: $0) }
  }

  /// An `int4[]`.
  public func int32Array(_ column: Int) throws(PostgresError) -> [Int32] {
    try array(column, .int32Array, .int32, missing: nil) { Int32(bigEndianBytes: $0) }
  }

  /// A `float8[]`.
  public func doubleArray(_ column: Int) throws(PostgresError) -> [Double] {
    try array(column, .doubleArray, .double, missing: nil) {
      UInt64(bigEndianBytes: $0).map(Double.init(bitPattern:))
    }
  }

  /// A `bool[]`.
  public func boolArray(_ column: Int) throws(PostgresError) -> [Bool] {
    try array(column, .boolArray, .bool, missing: nil) { $0.count == 1 ? $0[0] != 0 : nil }
  }

  /// A `text[]`.
  public func textArray(_ column: Int) throws(PostgresError) -> [String] {
    try array(column, .textArray, .text, missing: nil) { String(decoding: $0, as: UTF8.self) }
  }

  /// An `int8[]` with NULLs.
  public func optionalInt64Array(_ column: Int) throws(PostgresError) -> [Int64?] {
    try array(column, .int64Array, .int64, missing: .some(nil)) { Int64(bigEndianBytes: $0).map(Optional.some) }
  }

  /// An `int4[]` with NULLs.
  public func optionalInt32Array(_ column: Int) throws(PostgresError) -> [Int32?] {
    try array(column, .int32Array, .int32, missing: .some(nil)) { Int32(bigEndianBytes: $0).map(Optional.some) }
  }

  /// A `text[]` with NULLs.
  public func optionalTextArray(_ column: Int) throws(PostgresError) -> [String?] {
    try array(column, .textArray, .text, missing: .some(nil)) { .some(String(decoding: $0, as: UTF8.self)) }
  }

  /// A `bytea[]` with NULLs.
  public func optionalBytesArray(_ column: Int) throws(PostgresError) -> [[UInt8]?] {
    try array(column, .bytesArray, .bytes, missing: .some(nil)) { .some([UInt8]($0)) }
  }

  /// A `jsonb[]` with NULLs, as JSON texts.
  public func optionalJSONBArray(_ column: Int) throws(PostgresError) -> [String?] {
    try array(column, .jsonbArray, .jsonb, missing: .some(nil)) {
      guard $0.first == jsonbVersion else { return nil }
      return .some(String(decoding: UnsafeRawBufferPointer(rebasing: $0.dropFirst()), as: UTF8.self))
    }
  }

  /// A `timestamptz[]` with NULLs, in microseconds since 1970.
  public func optionalTimestampArray(_ column: Int) throws(PostgresError) -> [Int64?] {
    try array(column, .timestampArray, .timestamp, missing: .some(nil)) {
      Int64(bigEndianBytes: $0).map { .some(unixTime($0)) }
    }
  }

  /// `missing` stands for NULL elements; without one they are refused. `decode` returns nil for bytes that cannot be.
  @inline(__always)
  private func array<T>(
    _ column: Int, _ type: PostgresType, _ elementType: PostgresType, missing: T?,
    _ decode: (UnsafeRawBufferPointer) -> T?
  ) throws(PostgresError) -> [T] {
    guard try self.type(of: column) == type.rawValue else { throw mismatch(column, "\(type)") }
    let bytes = try required(column, cell(column))
    var reader = ByteReader(bytes: bytes)
    guard let dimensions = reader.int32(), reader.int32() != nil, reader.int32() == Int32(elementType.rawValue) else {
      throw malformed(column)
    }
    if dimensions == 0 { return [] }
    guard dimensions == 1 else { throw error(column, "has \(dimensions) dimensions; only one is supported") }
    // Each element has at least its size, so the claimed count cannot make us reserve more than was sent.
    guard let count = reader.int32(), reader.int32() != nil, count >= 0, Int(count) <= bytes.count / 4 else {
      throw malformed(column)
    }
    var values: [T] = []
    values.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let size = reader.int32() else { throw malformed(column) }
      if size < 0 {
        guard let missing else { throw error(column, "has a NULL element") }
        values.append(missing)
      } else {
        guard let element = reader.take(Int(size)), let value = decode(element) else { throw malformed(column) }
        values.append(value)
      }
    }
    return values
  }
}

/// Reads big-endian data from the front; nil where there is not enough.
private struct ByteReader {
  var bytes: UnsafeRawBufferPointer
  var offset = 0

  @inline(__always)
  mutating func int32() -> Int32? {
    guard offset + 4 <= bytes.count else { return nil }
    defer { offset += 4 }
    return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
  }

  @inline(__always)
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= bytes.count - offset else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }
}

extension FixedWidthInteger {
  /// nil if there are not exactly as many bytes as the integer has.
  @inline(__always)
  fileprivate init?(bigEndianBytes bytes: UnsafeRawBufferPointer) {
    guard bytes.count == MemoryLayout<Self>.size else { return nil }
    self = Self(bigEndian: bytes.loadUnaligned(as: Self.self))
  }
}
