/// Standard base64 with padding (RFC 4648 section 4).
private let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
private let padding = UInt8(ascii: "=")

extension [UInt8] {
  /// Adds the base64 text of `bytes`.
  mutating func appendBase64(_ bytes: [UInt8]) {
    reserveCapacity(count + (bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let length = Swift.min(3, bytes.count - start)
      var group: UInt32 = 0
      for offset in 0..<3 { group = group << 8 | (offset < length ? UInt32(bytes[start + offset]) : 0) }
      for position in 0..<4 {
        append(position <= length ? alphabet.utf8Start[Int(group >> UInt32(18 - 6 * position) & 63)] : padding)
      }
    }
  }
}

/// The bytes of base64 text; nil if it isn't any.
func decodeBase64(_ text: [UInt8]) -> [UInt8]? {
  guard text.count % 4 == 0 else { return nil }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.count / 4 * 3)
  for start in stride(from: 0, to: text.count, by: 4) {
    var group: UInt32 = 0
    var length = 3
    for offset in 0..<4 {
      let character = text[start + offset]
      if character == padding, start + 4 == text.count, offset >= 2, text[text.count - 1] == padding {
        length = min(length, offset - 1)
        group <<= 6
      } else {
        guard let value = base64Digit(character) else { return nil }
        group = group << 6 | UInt32(value)
      }
    }
    for offset in 0..<length { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * offset))) }
  }
  return bytes
}

private func base64Digit(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
  case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
  case UInt8(ascii: "+"): 62
  case UInt8(ascii: "/"): 63
  default: nil
  }
}
