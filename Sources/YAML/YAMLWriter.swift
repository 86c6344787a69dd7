public import JSON

/// Writes values as YAML that people like to read.
public enum YAMLWriter {
  /// The value as one document: in block style, with sorted keys, texts of several lines as literal blocks.
  ///
  /// Reading it gives the same value. Strings are quoted where they would be read as something else, also by the many
  /// programs that read YAML 1.1 (`yes`, `0777`, `12:30:00`, `2024-01-31`). Infinities and NaN, which JSON does not have, are
  /// written as `.inf` and `.nan` and come back as strings. Values that are nested deeper than `YAMLLimits.depth` cannot be read back.
  public static func text(of value: JSONValue) -> String {
    var emitter = YAMLEmitter()
    write(value, to: &emitter)
    return emitter.finish() ?? value.text + "\n"  // JSON is YAML, too
  }

  private static func write(_ value: JSONValue, to emitter: inout YAMLEmitter) {
    switch value {
    case .null: emitter.scalar("null", .plain)
    case .bool(let value): emitter.scalar(value ? "true" : "false", .plain)
    case .int(let value): emitter.scalar(String(value), .plain)
    case .double(let value): emitter.scalar(text(of: value), .plain)
    case .string(let value): emitter.scalar(value, style(of: value))
    case .array(let elements):
      emitter.startSequence()
      for element in elements { write(element, to: &emitter) }
      emitter.endSequence()
    case .object(let members):
      emitter.startMapping()
      for (key, value) in members.sorted(by: { $0.key < $1.key }) {
        emitter.scalar(key, style(ofKey: key))
        write(value, to: &emitter)
      }
      emitter.endMapping()
    }
  }

  /// The shortest text that reads as the same number, with a dot: YAML 1.1 takes `1e+20` for a string.
  private static func text(of value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
    let text = value.description
    guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  private static func style(of text: String) -> YAMLScalar.Style {
    if text.utf8.contains(UInt8(ascii: "\n")) { return isFitForBlock(text) ? .literal : .doubleQuoted }
    return style(ofKey: text)
  }

  /// Plain is a wish: libyaml quotes what could not be read back as a scalar, such as `a: b`.
  private static func style(ofKey text: String) -> YAMLScalar.Style {
    if text.utf8.contains(UInt8(ascii: "\n")) { return .doubleQuoted }
    return isMistakenForOther(text) ? .singleQuoted : .plain
  }

  /// Whether a literal block shows the text as it is: nothing that is invisible, and no blank that could get lost.
  private static func isFitForBlock(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, !first.properties.isWhitespace else { return false }
    var last: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": if last == " " || last == "\t" { return false }
      case "\t": break
      case "\u{85}", "\u{2028}", "\u{2029}", "\u{FEFF}": return false
      default: if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) { return false }
      }
      last = scalar
    }
    return last != " " && last != "\t"
  }

  private static func isMistakenForOther(_ text: String) -> Bool {
    guard case .value(.string) = resolvePlain(text) else { return true }
    if words.contains(text.lowercased()) || falseSpace(text.unicodeScalars.first) != nil { return true }
    let bytes = text.utf8
    let head = bytes.drop { signs.contains($0) }
    if ["0b", "0o", "0x", "0B", "0O", "0X"].contains(where: { head.starts(with: $0.utf8) }) { return true }
    guard let first = head.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return bytes.allSatisfy { numberBytes.contains($0) }
  }

  /// What YAML 1.1 gives a meaning, in small letters.
  private static let words: Set<String> = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "<<", "=", ".inf", "+.inf", "-.inf", ".nan",
  ]
  private static let signs = Set("+-._".utf8)
  /// What decimal numbers, dates and times of any YAML are made of.
  private static let numberBytes = Set("0123456789eEtTzZ_+-.:, ".utf8)
}
