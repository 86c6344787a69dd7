/// The value of a hexadecimal digit of either case.
@inline(__always)
func hexDigit(_ byte: UInt8) -> UInt8? {
  let digit = byte &- UInt8(ascii: "0")
  if digit < 10 { return digit }
  let letter = (byte | 0x20) &- UInt8(ascii: "a")
  return letter < 6 ? letter + 10 : nil
}

/// The character of a hexadecimal digit; only the low four bits count.
@inline(__always)
func hexCharacter(_ digit: UInt8) -> UInt8 {
  let digit = digit & 15
  return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
}

/// The rune that begins at `index`, as Go reads UTF-8: nil stands for one byte that is none.
@inline(__always)
func rune(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
  let first = bytes[index]
  func rest(_ offset: Int) -> UInt32? {
    guard index + offset < bytes.count, bytes[index + offset] & 0xc0 == 0x80 else { return nil }
    return UInt32(bytes[index + offset] & 0x3f)
  }
  let value: UInt32
  let length: Int
  switch first {
  case 0..<0x80:
    return (Unicode.Scalar(first), 1)
  case 0xc2..<0xe0:
    guard let second = rest(1) else { return nil }
    (value, length) = (UInt32(first & 0x1f) << 6 | second, 2)
  case 0xe0..<0xf0:
    guard let second = rest(1), let third = rest(2) else { return nil }
    (value, length) = (UInt32(first & 0x0f) << 12 | second << 6 | third, 3)
    if value < 0x800 { return nil }
  case 0xf0..<0xf5:
    guard let second = rest(1), let third = rest(2), let fourth = rest(3) else { return nil }
    (value, length) = (UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
    if value < 0x10000 { return nil }
  default:
    return nil
  }
  // Surrogates and what lies beyond Unicode are none.
  return Unicode.Scalar(value).map { ($0, length) }
}
