/// File names in trees are quoted twice: as Go quotes a string, so that bytes that are not UTF-8 survive, and that text as
/// a JSON string.
extension [UInt8] {
  /// Adds a name with both quotings, in one pass.
  mutating func appendQuotedName(_ name: UnsafeBufferPointer<UInt8>) {
    var done = 0
    var index = 0
    while index < name.count {
      let byte = name[index]
      if isPlainASCII(byte), byte != 0x7f {
        index += 1
        continue
      }
      let next = byte < 0x80 ? nil : rune(name, index)
      if let next, isPrintable(next.scalar) {
        index += next.length
        continue
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: name[done..<index]))
      if let next { appendEscape(next.scalar) } else { appendEscape(byte) }
      index += next?.length ?? 1
      done = index
    }
    append(contentsOf: UnsafeBufferPointer(rebasing: name[done...]))
  }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\\\\\"")
    case UInt8(ascii: "\\"): put("\\\\\\\\")
    case UInt8(ascii: "<"): put("\\u003c")
    case UInt8(ascii: ">"): put("\\u003e")
    case UInt8(ascii: "&"): put("\\u0026")
    case 0x07: put("\\\\a")
    case 0x08: put("\\\\b")
    case 0x0c: put("\\\\f")
    case 0x0a: put("\\\\n")
    case 0x0d: put("\\\\r")
    case 0x09: put("\\\\t")
    case 0x0b: put("\\\\v")
    default:
      put("\\\\x")
      append(hexCharacter(byte >> 4))
      append(hexCharacter(byte))
    }
  }

  private mutating func appendEscape(_ scalar: Unicode.Scalar) {
    let digits = scalar.value < 0x10000 ? 4 : 8
    put(digits == 4 ? "\\\\u" : "\\\\U")
    for position in stride(from: digits - 1, through: 0, by: -1) {
      append(hexCharacter(UInt8(truncatingIfNeeded: scalar.value >> UInt32(4 * position))))
    }
  }
}

/// Go's IsPrint for what is not ASCII.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse, .unassigned:
    false
  default: true
  }
}

/// The bytes of a name whose outer quoting, JSON's, is taken off already; nil if Go could not have quoted it so.
func unquotedName(_ text: [UInt8]) -> [UInt8]? {
  guard text.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 0x0a }) else {
    return text
  }
  var name: [UInt8] = []
  name.reserveCapacity(text.count)
  var index = 0
  func number(_ digits: Int) -> UInt32? {
    guard digits <= text.count - index else { return nil }
    var value: UInt32 = 0
    for position in index..<index + digits {
      guard let digit = hexDigit(text[position]) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    index += digits
    return value
  }
  while index < text.count {
    let byte = text[index]
    index += 1
    guard byte == UInt8(ascii: "\\") else {
      guard byte != UInt8(ascii: "\""), byte != 0x0a else { return nil }
      name.append(byte)
      continue
    }
    guard index < text.count else { return nil }
    let kind = text[index]
    index += 1
    switch kind {
    case UInt8(ascii: "\\"), UInt8(ascii: "\""): name.append(kind)
    case UInt8(ascii: "a"): name.append(0x07)
    case UInt8(ascii: "b"): name.append(0x08)
    case UInt8(ascii: "f"): name.append(0x0c)
    case UInt8(ascii: "n"): name.append(0x0a)
    case UInt8(ascii: "r"): name.append(0x0d)
    case UInt8(ascii: "t"): name.append(0x09)
    case UInt8(ascii: "v"): name.append(0x0b)
    case UInt8(ascii: "x"):
      guard let value = number(2) else { return nil }
      name.append(UInt8(truncatingIfNeeded: value))
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      guard let value = number(kind == UInt8(ascii: "u") ? 4 : 8), let scalar = Unicode.Scalar(value) else {
        return nil
      }
      name.appendScalar(scalar)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      guard index + 2 <= text.count else { return nil }
      var value = UInt32(kind - UInt8(ascii: "0"))
      for _ in 0..<2 {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit < 8 else { return nil }
        value = value << 3 | UInt32(digit)
        index += 1
      }
      guard let byte = UInt8(exactly: value) else { return nil }
      name.append(byte)
    default: return nil
    }
  }
  return name
}
