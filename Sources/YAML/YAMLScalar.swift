public import JSON

/// Text in a file that is neither a list nor a mapping.
public struct YAMLScalar: Sendable {
  /// How it is written.
  public enum Style: Sendable {
    case plain, singleQuoted, doubleQuoted, literal, folded
  }

  /// The text, without quotes, escapes and indentation.
  public let text: String
  /// How it is written.
  public let style: Style
  /// What the scalar stands for: as YAML 1.2's core schema reads it, with exceptions where people would be surprised.
  ///
  /// A plain scalar may be null (`null`, `Null`, `NULL`, `~`, nothing), a truth value (`true`, `True`, `TRUE`, `false` …), a whole
  /// number (`12`, `-12`, `0o17`, `0x1F`) or a number (`1.5`, `1e3`). All others, and everything in quotes or in a block, are
  /// strings: also YAML 1.1's words `yes`, `no`, `on`, `off`, dates, `1_000`, and `12:30:00`. The exceptions:
  /// - A whole number outside of 64 bits, and a number too large for a double, are errors when the file is read.
  /// - So is a whole number with leading zeros: `0755` is 493 in YAML 1.1 and 755 in YAML 1.2; `0o755` is not in doubt.
  /// - `.inf` and `.nan` are strings, because JSON has no such numbers.
  public let resolved: JSONValue

  /// A scalar; one that would be an error in a file is a string here.
  public init(text: String, style: Style) {
    var resolved = JSONValue.string(text)
    if style == .plain, case .value(let value) = resolvePlain(text) { resolved = value }
    self.init(text: text, style: style, resolved: resolved)
  }

  init(text: String, style: Style, resolved: JSONValue) {
    self.text = text
    self.style = style
    self.resolved = resolved
  }
}
