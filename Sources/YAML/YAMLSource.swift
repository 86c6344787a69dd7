private let maximumDirectives = 1_000

/// The text of a file: its lines, its places, and what no file may contain.
struct YAMLSource {
  let text: String
  let name: String

  func error(_ message: String, at mark: YAMLMark) -> YAMLError { YAMLError(message: message, mark: mark, file: name) }

  /// The text of a line, from 1, without its end. Lines end where libyaml ends them, or its places would not fit.
  func line(_ number: Int) -> Substring? {
    guard number > 0 else { return nil }
    var rest = text.unicodeScalars[...]
    for _ in 1..<number {
      guard let end = rest.firstIndex(where: isLineBreak) else { return nil }
      rest = afterBreak(rest, end)
    }
    return Substring(rest.prefix { !isLineBreak($0) })
  }

  func afterBreak(
    _ rest: Substring.UnicodeScalarView, _ end: String.Index
  ) -> Substring.UnicodeScalarView {
    var after = rest[end...].dropFirst()
    if rest[end] == "\r", after.first == "\n" { after = after.dropFirst() }
    return after
  }

  /// The place of a character, by its offset in bytes.
  func mark(atByte offset: Int) -> YAMLMark {
    var counter = PlaceCounter()
    for byte in text.utf8.prefix(offset) { counter.advance(byte) }
    return counter.mark
  }

  /// The place behind the last character.
  var end: YAMLMark { mark(atByte: text.utf8.count) }

  /// Refuses texts that are too long, and characters that do not belong into text.
  func check(_ limits: YAMLLimits) throws(YAMLError) {
    guard text.utf8.count <= limits.bytes else {
      throw error(
        "the file has \(text.utf8.count) bytes, and the limit is \(limits.bytes)", at: YAMLMark(line: 1, column: 1))
    }
    // libyaml compares each directive with all before it.
    if let line = lineOfDirective(maximumDirectives + 1) {
      throw error(
        "the file has more than \(maximumDirectives) lines that begin with %", at: YAMLMark(line: line, column: 1))
    }
    guard let found = firstStrayCharacter() else { return }
    let code = String(found.scalar.value, radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
    let advice =
      found.scalar == "\0"
      ? "is this a text file?" : #"delete it, or write it as "\u\#(padded)" inside of double quotes"#
    throw error(
      "here is the invisible control character U+\(padded), which a YAML file may not contain; \(advice)",
      at: mark(atByte: found.offset))
  }

  /// The line of the `count`th directive, or of what looks like one.
  private func lineOfDirective(_ count: Int) -> Int? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return nil }
    var (line, found) = (1, 0)
    var last: Unicode.Scalar = "\n"
    for scalar in text.unicodeScalars {
      if scalar == "%", isLineBreak(last) { found += 1 }
      if found == count { return line }
      if isLineBreak(scalar), !(last == "\r" && scalar == "\n") { line += 1 }
      last = scalar
    }
    return nil
  }

  private func firstStrayCharacter() -> (scalar: Unicode.Scalar, offset: Int)? {
    // Nearly all texts have none of these bytes, and looking at bytes is many times faster.
    guard
      text.utf8.contains(where: {
        $0 < 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xEF
      })
    else { return nil }
    var offset = 0
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x85: break
      case ..<0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF: return (scalar, offset)
      default: break
      }
      offset += UTF8.width(scalar)
    }
    return nil
  }

  /// The error for bytes of which `text` is the repaired form.
  func invalidUTF8(in bytes: [UInt8]) -> YAMLError {
    // The repaired text differs first where the first bad byte was replaced.
    let offset = zip(text.utf8, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? bytes.count
    return error(
      "this is not UTF-8, the encoding of all YAML files: byte \(offset + 1) of the file does not fit; save the file as UTF-8",
      at: mark(atByte: offset))
  }
}

func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar {
  case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
  default: false
  }
}
