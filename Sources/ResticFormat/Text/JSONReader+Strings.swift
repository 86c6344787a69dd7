internal import Cryptography

/// Strings, and what is written as strings.
extension JSONReader {
  /// Steps over a string: where its text is, and whether it has no escapes.
  mutating func rawString() throws(FormatError) -> (range: Range<Int>, isPlain: Bool) {
    guard byte(position) == UInt8(ascii: "\"") else { throw damaged("there is no string where one has to be") }
    position += 1
    let start = position
    var isPlain = true
    while true {
      let next = byte(position)
      if next == UInt8(ascii: "\"") { break }
      if next == UInt8(ascii: "\\") {
        isPlain = false
        position += 1
      }
      guard byte(position) >= 0x20 else { throw damaged("a string has no end, or a control character") }
      position += 1
    }
    position += 1
    return (start..<position - 1, isPlain)
  }

  /// A string.
  mutating func string() throws(FormatError) -> String {
    skipSpace()
    let (range, isPlain) = try rawString()
    if isPlain { return String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self) }
    return String(decoding: try unescaped(range), as: UTF8.self)
  }

  /// A string's UTF-8.
  mutating func text() throws(FormatError) -> [UInt8] {
    skipSpace()
    let (range, isPlain) = try rawString()
    return isPlain ? Array(bytes[range]) : try unescaped(range)
  }

  /// Bytes written as base64.
  mutating func base64() throws(FormatError) -> [UInt8] {
    let text = try text()
    guard let decoded = decodeBase64(text) else { throw damaged("a string is not base64") }
    return decoded
  }

  /// A time in RFC 3339.
  mutating func time() throws(FormatError) -> RFC3339Time {
    skipSpace()
    let (range, _) = try rawString()
    guard let time = RFC3339Time(UnsafeBufferPointer(rebasing: bytes[range])) else {
      throw damaged("a time is not written as RFC 3339 has it")
    }
    return time
  }

  /// Strings in an array.
  mutating func strings() throws(FormatError) -> [String] {
    var strings: [String] = []
    try array { reader throws(FormatError) in strings.append(try reader.string()) }
    return strings
  }

  /// 64 hexadecimal digits.
  mutating func digest() throws(FormatError) -> SHA256Digest {
    skipSpace()
    guard byte(position) == UInt8(ascii: "\""), byte(position + 65) == UInt8(ascii: "\"") else {
      throw damaged("there is no id where one has to be")
    }
    let words = (
      try hexWord(position + 1), try hexWord(position + 17), try hexWord(position + 33), try hexWord(position + 49)
    )
    position += 66
    return SHA256Digest(words: words)
  }

  /// 16 digits from `start` on, which the caller knows to be there.
  private func hexWord(_ start: Int) throws(FormatError) -> UInt64 {
    guard let high = hexHalf(start), let low = hexHalf(start + 8) else {
      throw damaged("an id has other characters than hexadecimal digits")
    }
    return high << 32 | low
  }

  /// Eight digits at once: ids are most of an index, and one digit after the other would take most of the time.
  @inline(__always)
  private func hexHalf(_ start: Int) -> UInt64? {
    let text = UInt64(
      bigEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: start, as: UInt64.self))
    let ones: UInt64 = 0x0101_0101_0101_0101
    let letters = text >> 6 & ones
    let digits = text & (ones * 15) &+ letters * 9
    let above9 = (digits &+ ones * 6) >> 4 & ones
    // They are digits if their characters are what we read, letters in lower case.
    guard digits & (ones * 0xf0) == 0, digits &+ ones * 0x30 &+ above9 * 0x27 == text | letters << 5 else { return nil }
    let pairs = (digits | digits >> 4) & 0x00ff_00ff_00ff_00ff
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff
    return (fours | fours >> 16) & 0xffff_ffff
  }

  /// The text of a string whose escapes are taken out. Halves of surrogate pairs become U+FFFD, as in Go.
  private func unescaped(_ range: Range<Int>) throws(FormatError) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      guard bytes[index] == UInt8(ascii: "\\") else {
        text.append(bytes[index])
        index += 1
        continue
      }
      let kind = byte(index + 1)  // rawString() saw that there is one
      index += 2
      switch kind {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0c)
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        let unit = try utf16Unit(index, range.upperBound)
        index += 4
        var value = UInt32(unit)
        if unit & 0xfc00 == 0xd800, byte(index) == UInt8(ascii: "\\"), byte(index + 1) == UInt8(ascii: "u") {
          let low = try utf16Unit(index + 2, range.upperBound)
          if low & 0xfc00 == 0xdc00 {
            value = 0x10000 + (UInt32(unit & 0x3ff) << 10 | UInt32(low & 0x3ff))
            index += 6
          }
        }
        text.appendScalar(Unicode.Scalar(value) ?? "\u{fffd}")
      default:
        throw damaged("a string has an escape that JSON does not know")
      }
    }
    return text
  }

  private func utf16Unit(_ start: Int, _ end: Int) throws(FormatError) -> UInt16 {
    guard start + 4 <= end else { throw damaged("an escape in a string is cut off") }
    var unit: UInt16 = 0
    for index in start..<start + 4 {
      guard let digit = hexDigit(bytes[index]) else { throw damaged("an escape in a string is not hexadecimal") }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
