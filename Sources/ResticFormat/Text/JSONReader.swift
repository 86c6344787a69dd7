internal import Glibc

/// Reads JSON from bytes as a document's code asks for it, without building a value in between.
///
/// What Go's decoder forgives is forgiven: unknown members, duplicates (the last counts), null for any member (as if it
/// were not there). Bytes are looked at through `byte(_:)` alone, which knows the end.
struct JSONReader {
  /// Values nest less deeply than this in anything that restic writes.
  private static let depthLimit = 64

  let bytes: UnsafeBufferPointer<UInt8>
  private let document: StaticString
  var position = 0

  /// Reads the whole of `bytes`.
  /// - Parameter document: what it is, for messages: `tree`.
  static func read<Result>(
    _ bytes: [UInt8], _ document: StaticString, _ body: (inout JSONReader) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    try bytes.withUnsafeBufferPointer { bytes throws(FormatError) in
      var reader = JSONReader(bytes: bytes, document: document)
      let result = try body(&reader)
      reader.skipSpace()
      guard reader.position == bytes.count else { throw reader.damaged("there is more than one value") }
      return result
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, document: StaticString) {
    self.bytes = bytes
    self.document = document
  }

  /// The error that says what is wrong at this place.
  func damaged(_ why: String) -> FormatError {
    FormatError(.damaged, "the \(document) is damaged: \(why), at byte \(position) of \(bytes.count)")
  }

  // MARK: - Bytes

  /// A byte; 0, which JSON never has, beyond the end.
  @inline(__always)
  func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

  @inline(__always)
  mutating func skipSpace() {
    while true {
      switch byte(position) {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  /// Steps over `wanted` if it comes next.
  @inline(__always)
  private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
    skipSpace()
    guard byte(position) == UInt8(ascii: wanted) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ wanted: Unicode.Scalar) throws(FormatError) {
    guard take(wanted) else { throw damaged("there is no '\(wanted)' where one has to be") }
  }

  mutating func takeWord(_ word: StaticString) -> Bool {
    skipSpace()
    for offset in 0..<word.utf8CodeUnitCount where byte(position + offset) != word.utf8Start[offset] { return false }
    position += word.utf8CodeUnitCount
    return true
  }

  // MARK: - Objects and arrays

  /// A member's name, as it is written: one with escapes is nobody's.
  struct Key {
    fileprivate let text: UnsafeBufferPointer<UInt8>

    static func ~= (name: StaticString, key: Key) -> Bool {
      guard name.utf8CodeUnitCount == key.text.count, let start = key.text.baseAddress else { return false }
      return memcmp(name.utf8Start, start, key.text.count) == 0
    }
  }

  /// Reads an object. `member` reads or skips the value of each member that is not null.
  @inline(__always)
  mutating func object(_ member: (inout JSONReader, Key) throws(FormatError) -> Void) throws(FormatError) {
    try expect("{")
    if take("}") { return }
    repeat {
      skipSpace()
      let name = try rawString()
      try expect(":")
      if takeNull() { continue }
      try member(&self, Key(text: UnsafeBufferPointer(rebasing: bytes[name.range])))
    } while take(",")
    try expect("}")
  }

  /// Reads an array; `element` reads each value.
  @inline(__always)
  mutating func array(_ element: (inout JSONReader) throws(FormatError) -> Void) throws(FormatError) {
    try expect("[")
    if take("]") { return }
    repeat { try element(&self) } while take(",")
    try expect("]")
  }

  private mutating func takeNull() -> Bool {
    skipSpace()
    return byte(position) == UInt8(ascii: "n") && takeWord("null")
  }

  /// Steps over a value of any kind.
  mutating func skip() throws(FormatError) { try skip(depth: 0) }

  private mutating func skip(depth: Int) throws(FormatError) {
    guard depth < Self.depthLimit else { throw damaged("values are nested too deeply") }
    skipSpace()
    switch byte(position) {
    case UInt8(ascii: "{"):
      position += 1
      if take("}") { return }
      repeat {
        skipSpace()
        _ = try rawString()
        try expect(":")
        try skip(depth: depth + 1)
      } while take(",")
      try expect("}")
    case UInt8(ascii: "["):
      position += 1
      if take("]") { return }
      repeat { try skip(depth: depth + 1) } while take(",")
      try expect("]")
    case UInt8(ascii: "\""):
      _ = try rawString()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      skipNumber()
    default:
      guard takeWord("true") || takeWord("false") || takeWord("null") else { throw damaged("there is no value") }
    }
  }

  private mutating func skipNumber() {
    while true {
      switch byte(position) {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        position += 1
      default: return
      }
    }
  }

  /// The text of a value of any kind, as it is written.
  mutating func raw() throws(FormatError) -> [UInt8] {
    skipSpace()
    let start = position
    try skip()
    return Array(bytes[start..<position])
  }

  // MARK: - Numbers and truth

  /// A number from 0 to the largest of 64 bits.
  mutating func unsigned() throws(FormatError) -> UInt64 {
    skipSpace()
    let start = position
    var value: UInt64 = 0
    while case let digit = byte(position) &- UInt8(ascii: "0"), digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { throw damaged("a number is too large") }
      value = sum
      position += 1
    }
    guard position > start else { throw damaged("there is no whole number where one has to be") }
    return value
  }

  /// A number of 32 bits.
  mutating func unsigned32() throws(FormatError) -> UInt32 {
    guard let value = UInt32(exactly: try unsigned()) else { throw damaged("a number is too large") }
    return value
  }

  /// A number with a sign.
  mutating func integer() throws(FormatError) -> Int {
    let isNegative = take("-")
    guard let value = Int(exactly: try unsigned()) else { throw damaged("a number is too large") }
    return isNegative ? -value : value
  }

  /// True or false.
  mutating func boolean() throws(FormatError) -> Bool {
    if takeWord("true") { return true }
    guard takeWord("false") else { throw damaged("there is neither true nor false where one has to be") }
    return false
  }
}
