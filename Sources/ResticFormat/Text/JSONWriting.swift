internal import Cryptography

/// Writes JSON as Go's encoder does, straight into bytes.
extension [UInt8] {
  /// Text as it is.
  @inline(__always)
  mutating func put(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// A number.
  mutating func putNumber(_ number: UInt64) {
    if number < 10 { return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number)) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = number
      var start = 20
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      append(contentsOf: UnsafeBufferPointer(rebasing: digits[start..<20]))
    }
  }

  /// A number with a sign.
  mutating func putNumber(_ number: Int) {
    if number < 0 { append(UInt8(ascii: "-")) }
    putNumber(UInt64(number.magnitude))
  }

  /// A string of 64 hexadecimal digits.
  mutating func putDigest(_ digest: SHA256Digest) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 66) { text in
      guard let start = text.baseAddress else { return }
      text[0] = UInt8(ascii: "\"")
      digest.writeHex(to: start + 1)
      text[65] = UInt8(ascii: "\"")
      append(contentsOf: UnsafeBufferPointer(text))
    }
  }

  /// Bytes as a string of base64.
  mutating func putBase64(_ bytes: [UInt8]) {
    append(UInt8(ascii: "\""))
    appendBase64(bytes)
    append(UInt8(ascii: "\""))
  }

  /// A string.
  mutating func putString(_ string: String) {
    var string = string
    string.withUTF8 { putString($0) }
  }

  /// A string of these bytes, HTML's characters escaped; each byte that is not UTF-8 becomes `\ufffd`.
  mutating func putString(_ text: UnsafeBufferPointer<UInt8>) {
    append(UInt8(ascii: "\""))
    var done = 0
    var index = 0
    while index < text.count {
      let byte = text[index]
      if isPlainASCII(byte) {
        index += 1
        continue
      }
      let escaped: Int
      if byte >= 0x80, let (scalar, length) = rune(text, index) {
        if scalar != "\u{2028}" && scalar != "\u{2029}" {
          index += length
          continue
        }
        escaped = length
      } else {
        escaped = 1
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: text[done..<index]))
      if byte >= 0x80 {
        put(escaped == 1 ? "\\ufffd" : text[index + 2] == 0xa8 ? "\\u2028" : "\\u2029")
      } else {
        putEscape(byte)
      }
      index += escaped
      done = index
    }
    append(contentsOf: UnsafeBufferPointer(rebasing: text[done...]))
    append(UInt8(ascii: "\""))
  }

  private mutating func putEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\"")
    case UInt8(ascii: "\\"): put("\\\\")
    case 0x08: put("\\b")
    case 0x0c: put("\\f")
    case 0x0a: put("\\n")
    case 0x0d: put("\\r")
    case 0x09: put("\\t")
    default:
      put("\\u00")
      append(hexCharacter(byte >> 4))
      append(hexCharacter(byte))
    }
  }

  /// Strings in an array.
  mutating func putStrings(_ strings: [String]) {
    append(UInt8(ascii: "["))
    for (index, string) in strings.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      putString(string)
    }
    append(UInt8(ascii: "]"))
  }

  /// The UTF-8 of a scalar.
  mutating func appendScalar(_ scalar: Unicode.Scalar) { append(contentsOf: UTF8.encode(scalar) ?? .init()) }
}

/// Whether Go's encoder writes a byte as it is, whatever stands around it.
@inline(__always)
func isPlainASCII(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
  default: byte >= 0x20 && byte < 0x80
  }
}
