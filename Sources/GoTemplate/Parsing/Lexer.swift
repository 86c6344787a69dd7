internal import Wording

/// Cuts a template's text into tokens by Go's rules. The text outside of `{{ }}` comes trimmed as the markers demand.
struct Lexer {
  private let text: [UInt8]
  private var position = 0
  private var tokens: [Token] = []
  private var openParentheses = 0

  private init(_ text: [UInt8]) { self.text = text }

  /// All tokens of a text; the last is `end` or an error.
  static func tokens(of text: [UInt8]) -> [Token] {
    var lexer = Lexer(text)
    lexer.run()
    return lexer.tokens
  }

  private mutating func run() {
    while true {
      let start = position
      let delimiter = nextLeftDelimiter()
      let isTrimmed = delimiter.map { hasLeftTrim(at: $0 + 2) } ?? false
      var textEnd = delimiter ?? text.count
      if isTrimmed { while textEnd > start, isSpace(text[textEnd - 1]) { textEnd -= 1 } }
      if textEnd > start { emit(.text, from: start, to: textEnd) }
      guard let delimiter else { break }
      position = delimiter + 2 + (isTrimmed ? 2 : 0)
      if starts(with: "/*", at: position) {
        guard skipComment(from: delimiter) else { return }
      } else {
        emit(.leftDelimiter, from: delimiter, to: delimiter + 2)
        openParentheses = 0
        guard lexAction(from: delimiter) else { return }
      }
    }
    emit(.end, from: text.count, to: text.count)
  }

  private func nextLeftDelimiter() -> Int? {
    var index = position
    while index + 1 < text.count {
      if text[index] == UInt8(ascii: "{") && text[index + 1] == UInt8(ascii: "{") { return index }
      index += 1
    }
    return nil
  }

  /// Whether comment skipping went well.
  private mutating func skipComment(from delimiter: Int) -> Bool {
    position += 2
    while position < text.count, !starts(with: "*/", at: position) { position += 1 }
    guard position < text.count else {
      return fail("a comment is not closed; end it with */}}", at: delimiter)
    }
    position += 2
    guard skipRightDelimiter() else {
      return fail("a comment has to fill its braces; put }} right after */", at: position)
    }
    return true
  }

  /// Passes `}}` or ` -}}`, with the space that the latter trims.
  private mutating func skipRightDelimiter() -> Bool {
    if starts(with: "}}", at: position) {
      position += 2
      return true
    }
    guard isAtTrimmedRightDelimiter(position) else { return false }
    position += 4
    while position < text.count, isSpace(text[position]) { position += 1 }
    return true
  }

  /// The tokens up to the right delimiter. Whether there was no error.
  private mutating func lexAction(from delimiter: Int) -> Bool {
    while true {
      let start = position
      if starts(with: "}}", at: position) || isAtTrimmedRightDelimiter(position) {
        guard openParentheses == 0 else { return fail("a parenthesis is not closed; put ')' before this", at: start) }
        _ = skipRightDelimiter()
        emit(.rightDelimiter, from: start, to: position)
        return true
      }
      guard position < text.count else {
        return fail("an action is not closed; end it with '}}'", at: delimiter)
      }
      guard lexOne() else { return false }
    }
  }

  private mutating func lexOne() -> Bool {
    let start = position
    let byte = text[position]
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      // The last space may belong to a trim marker.
      while position < text.count, isSpace(text[position]), !isAtTrimmedRightDelimiter(position) { position += 1 }
      emit(.space, from: start, to: position)
    case UInt8(ascii: "="): emitByte(.assign)
    case UInt8(ascii: "|"): emitByte(.pipe)
    case UInt8(ascii: ":"):
      guard starts(with: ":=", at: position) else { return fail("':' has to be followed by '='", at: start) }
      position += 2
      emit(.declare, from: start, to: position)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return lexQuoted(byte)
    case UInt8(ascii: "`"): return lexRaw()
    case UInt8(ascii: "$"): return lexName(.variable)
    case UInt8(ascii: "."):
      if position + 1 < text.count, isDigit(text[position + 1]) { return lexNumber() }
      return lexName(.field)
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return lexNumber()
    case UInt8(ascii: "("):
      openParentheses += 1
      emitByte(.leftParenthesis)
    case UInt8(ascii: ")"):
      openParentheses -= 1
      guard openParentheses >= 0 else { return fail("there is a ')' without a '(' before it", at: start) }
      emitByte(.rightParenthesis)
    case _ where isAlphanumeric(at: position): return lexName(.identifier)
    case 0x21...0x7E: emitByte(.other)
    default:
      let scalar = String(decoding: text[position...].prefix(4), as: UTF8.self).unicodeScalars.first ?? "?"
      var advice = ""
      if "“”„".unicodeScalars.contains(scalar) { advice = "; use straight quotes: \"" }
      return fail("the character \(Character(scalar)) cannot be used here" + advice, at: start)
    }
    return true
  }

  /// A word, a field, or a variable.
  private mutating func lexName(_ kind: Token.Kind) -> Bool {
    let start = position
    if kind != .identifier { position += 1 }
    if kind == .field && isAtTerminator() {
      emit(.dot, from: start, to: position)
      return true
    }
    while isAlphanumeric(at: position) { position += alphanumericWidth(at: position) }
    guard isAtTerminator() else { return fail(badCharacterMessage(start, kind), at: position) }
    guard kind == .identifier else {
      emit(kind, from: start, to: position)
      return true
    }
    let word = String(decoding: text[start..<position], as: UTF8.self)
    switch word {
    case "true", "false": emit(.bool, from: start, to: position)
    case "nil": emit(.nilWord, from: start, to: position)
    default: emit(Token.Keyword(rawValue: word).map { .keyword($0) } ?? .identifier, from: start, to: position)
    }
    return true
  }

  private mutating func lexQuoted(_ quote: UInt8) -> Bool {
    let start = position
    position += 1
    while position < text.count, text[position] != UInt8(ascii: "\n"), text[position] != quote {
      position +=
        text[position] == UInt8(ascii: "\\") && position + 1 < text.count
          && text[position + 1] != UInt8(ascii: "\n") ? 2 : 1
    }
    guard position < text.count, text[position] == quote else {
      return fail("a quote is not closed on its line; for text of several lines use backquotes", at: start)
    }
    position += 1
    emit(quote == UInt8(ascii: "'") ? .character : .string, from: start, to: position)
    return true
  }

  private mutating func lexRaw() -> Bool {
    let start = position
    position += 1
    while position < text.count, text[position] != UInt8(ascii: "`") { position += 1 }
    guard position < text.count else { return fail("a backquote is not closed", at: start) }
    position += 1
    emit(.rawString, from: start, to: position)
    return true
  }

  private mutating func lexNumber() -> Bool {
    let start = position
    if "+-".utf8.contains(text[position]) { position += 1 }
    var isHex = false
    var allowsExponent = true
    if starts(with: "0", at: position), position + 1 < text.count {
      switch text[position + 1] {
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        isHex = true
        position += 2
      case UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "b"), UInt8(ascii: "B"):
        allowsExponent = false
        position += 2
      default: break
      }
    }
    skipDigits(isHex: isHex)
    if starts(with: ".", at: position) {
      position += 1
      skipDigits(isHex: isHex)
    }
    if allowsExponent, position < text.count, (isHex ? "pP" : "eE").utf8.contains(text[position]) {
      position += 1
      if position < text.count, "+-".utf8.contains(text[position]) { position += 1 }
      skipDigits(isHex: false)
    }
    let isFollowedBySign = position < text.count && "+-".utf8.contains(text[position])
    guard !isAlphanumeric(at: position), !isFollowedBySign else {
      while position < text.count, !isAtTerminator() { position += 1 }
      let shown = quotedForMessage(String(decoding: text[start..<position], as: UTF8.self))
      return fail(
        "\(shown) is not a number" + (isFollowedBySign ? "; to calculate, use add and sub: add 1 2" : ""), at: start)
    }
    emit(.number, from: start, to: position)
    return true
  }

  private mutating func skipDigits(isHex: Bool) {
    while position < text.count,
      isDigit(text[position]) || text[position] == UInt8(ascii: "_")
        || isHex && (97...102).contains(text[position] | 0x20)
    { position += 1 }
  }

  /// What is wrong with a name that something else than a name's end follows.
  private func badCharacterMessage(_ start: Int, _ kind: Token.Kind) -> String {
    let bad = String(decoding: text[position...].prefix(4), as: UTF8.self).first ?? "?"
    if starts(with: "-}}", at: position) { return "put a space before '-}}'" }
    guard bad == "-", kind != .identifier else {
      return "the character \(bad) cannot follow a name; put a space between them"
    }
    // The chain before the name, the name with its dashes, and the fields after it.
    var chainStart = start
    for token in tokens.reversed() {
      guard token.end == chainStart, token.kind == .field || token.kind == .variable else { break }
      chainStart = token.start
    }
    var nameEnd = position
    while nameEnd < text.count, isAlphanumeric(at: nameEnd) || text[nameEnd] == UInt8(ascii: "-") { nameEnd += 1 }
    var restEnd = nameEnd
    while restEnd < text.count, isAlphanumeric(at: restEnd) || text[restEnd] == UInt8(ascii: ".") { restEnd += 1 }
    func shown(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
    let call = "index \(start == chainStart ? "." : shown(chainStart..<start)) \"\(shown(start + 1..<nameEnd))\""
    let rest = shown(nameEnd..<restEnd)
    return "a name with '-' cannot follow a dot; use \(rest.isEmpty ? call : "(\(call))\(rest)")"
  }

  private mutating func emitByte(_ kind: Token.Kind) {
    position += 1
    emit(kind, from: position - 1, to: position)
  }

  private mutating func emit(_ kind: Token.Kind, from start: Int, to end: Int) {
    tokens.append(Token(kind: kind, start: start, end: end))
  }

  /// Ends the tokens with an error. Always false.
  private mutating func fail(_ message: String, at offset: Int) -> Bool {
    tokens.append(Token(kind: .error(message), start: offset, end: offset))
    return false
  }

  private func starts(with prefix: StaticString, at index: Int) -> Bool {
    let count = prefix.utf8CodeUnitCount
    guard index + count <= text.count else { return false }
    for offset in 0..<count where text[index + offset] != prefix.utf8Start[offset] { return false }
    return true
  }

  private func hasLeftTrim(at index: Int) -> Bool {
    index + 1 < text.count && text[index] == UInt8(ascii: "-") && isSpace(text[index + 1])
  }

  private func isAtTrimmedRightDelimiter(_ index: Int) -> Bool {
    index < text.count && isSpace(text[index]) && starts(with: "-}}", at: index + 1)
  }

  /// Whether a name may end here.
  private func isAtTerminator() -> Bool {
    guard position < text.count else { return true }
    switch text[position] {
    case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "|"), UInt8(ascii: ":"), UInt8(ascii: "("),
      UInt8(ascii: ")"):
      return true
    default: return isSpace(text[position]) || starts(with: "}}", at: position)
    }
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private func isAlphanumeric(at index: Int) -> Bool { alphanumericWidth(at: index) > 0 }

  /// The bytes of the letter, digit or underscore here; 0 if there is none.
  private func alphanumericWidth(at index: Int) -> Int {
    guard index < text.count else { return 0 }
    let byte = text[index]
    if byte < 0x80 {
      return isDigit(byte) || byte == UInt8(ascii: "_") || (97...122).contains(byte | 0x20) ? 1 : 0
    }
    guard let scalar = String(decoding: text[index...].prefix(4), as: UTF8.self).unicodeScalars.first else { return 0 }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
      return UTF8.width(scalar)
    default: return 0
    }
  }
}
