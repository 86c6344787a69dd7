extension PostgresValue {
  /// Appends the binary form; NULL and untyped text have none.
  func encode(into bytes: inout [UInt8]) {
    switch self {
    case .null, .untyped: break
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .int16(let value): bytes.append(bigEndian: value)
    case .int32(let value): bytes.append(bigEndian: value)
    case .int64(let value): bytes.append(bigEndian: value)
    case .double(let value): bytes.append(bigEndian: value.bitPattern)
    case .text(let value): bytes.append(utf8: value)
    case .bytes(let value): bytes.append(contentsOf: value)
    case .jsonb(let value):
      bytes.append(jsonbVersion)
      bytes.append(utf8: value)
    case .timestamp(let value): bytes.append(bigEndian: postgresTime(value))
    case .boolArray(let values): bytes.appendArray(of: .bool, values) { $0.append($1 ? 1 : 0) }
    case .int32Array(let values): bytes.appendArray(of: .int32, integers: values)
    case .int64Array(let values): bytes.appendArray(of: .int64, integers: values)
    case .doubleArray(let values): bytes.appendArray(of: .double, values) { $0.append(bigEndian: $1.bitPattern) }
    case .textArray(let values):
      bytes.reserve(values.lazy.map { $0.utf8.count + 4 })
      bytes.appendArray(of: .text, values) { $0.append(utf8: $1) }
    case .optionalInt32Array(let values): bytes.appendArray(of: .int32, optional: values) { $0.append(bigEndian: $1) }
    case .optionalInt64Array(let values): bytes.appendArray(of: .int64, optional: values) { $0.append(bigEndian: $1) }
    case .optionalTextArray(let values):
      bytes.reserve(values.lazy.map { ($0?.utf8.count ?? 0) + 4 })
      bytes.appendArray(of: .text, optional: values) { $0.append(utf8: $1) }
    case .bytesArray(let values):
      bytes.reserve(values.lazy.map { ($0?.count ?? 0) + 4 })
      bytes.appendArray(of: .bytes, optional: values) { $0.append(contentsOf: $1) }
    case .jsonbArray(let values):
      bytes.reserve(values.lazy.map { ($0?.utf8.count ?? 0) + 5 })
      bytes.appendArray(of: .jsonb, optional: values) {
        $0.append(jsonbVersion)
        $0.append(utf8: $1)
      }
    case .timestampArray(let values):
      bytes.appendArray(of: .timestamp, optional: values) { $0.append(bigEndian: postgresTime($1)) }
    }
  }
}

/// The first byte of binary `jsonb`.
let jsonbVersion: UInt8 = 1

/// Microseconds since 1970 as since 2000; the infinities stay what they are.
private func postgresTime(_ unix: Int64) -> Int64 {
  guard unix != .max, unix != .min else { return unix }
  let (value, overflow) = unix.subtractingReportingOverflow(postgresEpoch)
  return overflow ? .min : value
}

extension [UInt8] {
  @inline(__always)
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  @inline(__always)
  mutating func append(utf8 text: String) {
    let done: Void? = text.utf8.withContiguousStorageIfAvailable { append(contentsOf: $0) }
    if done == nil { append(contentsOf: text.utf8) }
  }

  fileprivate mutating func reserve(_ sizes: some Sequence<Int>) {
    // Never below doubling, so that many arrays in one statement do not copy everything for each.
    let needed = count + 20 + sizes.reduce(0, +)
    if needed > capacity { reserveCapacity(Swift.max(needed, 2 * capacity)) }
  }

  /// One dimension, counted from 1; none when empty, as PostgreSQL writes it itself.
  private mutating func appendArrayHeader(of type: PostgresType, count: Int, hasNulls: Bool) {
    append(bigEndian: Int32(count == 0 ? 0 : 1))
    append(bigEndian: Int32(hasNulls ? 1 : 0))
    append(bigEndian: type.rawValue)
    guard count > 0 else { return }
    append(bigEndian: Int32(clamping: count))
    append(bigEndian: Int32(1))
  }

  /// Integers have a fixed size, so the room is made once and filled in place.
  fileprivate mutating func appendArray<I: FixedWidthInteger>(of type: PostgresType, integers values: [I]) {
    let width = MemoryLayout<I>.size
    reserve(CollectionOfOne(values.count * (4 + width)))
    appendArrayHeader(of: type, count: values.count, hasNulls: false)
    let start = count
    append(contentsOf: repeatElement(0, count: values.count * (4 + width)))
    withUnsafeMutableBytes { bytes in
      var offset = start
      for value in values {
        bytes.storeBytes(of: Int32(width).bigEndian, toByteOffset: offset, as: Int32.self)
        bytes.storeBytes(of: value.bigEndian, toByteOffset: offset + 4, as: I.self)
        offset += 4 + width
      }
    }
  }

  @inline(__always)
  fileprivate mutating func appendArray<T>(
    of type: PostgresType, _ values: [T], _ encode: (inout [UInt8], T) -> Void
  ) {
    appendArrayHeader(of: type, count: values.count, hasNulls: false)
    for value in values { appendSized(value, encode) }
  }

  @inline(__always)
  fileprivate mutating func appendArray<T>(
    of type: PostgresType, optional values: [T?], _ encode: (inout [UInt8], T) -> Void
  ) {
    appendArrayHeader(of: type, count: values.count, hasNulls: values.contains { $0 == nil })
    for value in values {
      if let value { appendSized(value, encode) } else { append(bigEndian: Int32(-1)) }
    }
  }

  /// An element: its size, which is known only afterwards, and its bytes.
  @inline(__always)
  private mutating func appendSized<T>(_ value: T, _ encode: (inout [UInt8], T) -> Void) {
    let start = count
    append(bigEndian: Int32(0))
    encode(&self, value)
    let size = Int32(clamping: count - start - 4)
    withUnsafeMutableBytes { $0.storeBytes(of: size.bigEndian, toByteOffset: start, as: Int32.self) }
  }
}
