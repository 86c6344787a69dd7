/// JSON writes a character beyond U+FFFF as two escapes, `\ud83d\ude00`, which YAML does not know.
///
/// For a text that is JSON, this is the text with such characters in place of their escapes, and how places in it relate to
/// places in the original.
struct SurrogatePairs {
  private(set) var bytes: [UInt8] = []
  /// By line: behind which columns of `bytes` the original is how much longer.
  private var shifts: [Int: [Int]] = [:]
  private static let escapeLength = 12

  /// Nil if the text has no such escapes, or is more than JSON.
  init?(_ text: String) {
    let text = Array(text.utf8)
    guard let first = text.first(where: { $0 > 0x20 }), "{[\"".utf8.contains(first), Self.mayHaveEscapes(text) else {
      return nil
    }
    var counter = PlaceCounter()
    var isInString = false
    var index = 0
    while index < text.count {
      let byte = text[index]
      var length = 1
      switch byte {
      case UInt8(ascii: "\""): isInString.toggle()
      case UInt8(ascii: "'") where !isInString, UInt8(ascii: "#") where !isInString: return nil
      case UInt8(ascii: "\\") where isInString:
        if let scalar = Self.pair(text[index...]) {
          for byte in String(scalar).utf8 {
            bytes.append(byte)
            counter.advance(byte)
          }
          shifts[counter.mark.line, default: []].append(counter.mark.column)
          index += Self.escapeLength
          continue
        }
        length = 2
      default: break
      }
      for byte in text[index...].prefix(length) {
        bytes.append(byte)
        counter.advance(byte)
      }
      index += length
    }
    if shifts.isEmpty { return nil }
  }

  /// The place in the original.
  func original(_ mark: YAMLMark) -> YAMLMark {
    guard let columns = shifts[mark.line] else { return mark }
    let count = columns.count { $0 <= mark.column }
    return YAMLMark(line: mark.line, column: mark.column + count * (Self.escapeLength - 1))
  }

  private static func mayHaveEscapes(_ text: [UInt8]) -> Bool {
    zip(text, text.dropFirst()).contains { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "u") }
  }

  private static func pair(_ text: ArraySlice<UInt8>) -> Unicode.Scalar? {
    guard let high = escape(text), let low = escape(text.dropFirst(escapeLength / 2)) else { return nil }
    guard (0xD800...0xDBFF).contains(high), (0xDC00...0xDFFF).contains(low) else { return nil }
    return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
  }

  private static func escape(_ text: ArraySlice<UInt8>) -> UInt32? {
    guard text.starts(with: "\\u".utf8), text.count >= escapeLength / 2 else { return nil }
    let digits = text.dropFirst(2).prefix(4)
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
  }
}
