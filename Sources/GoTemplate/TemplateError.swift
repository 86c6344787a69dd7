/// A template that cannot be parsed or rendered.
public struct TemplateError: Error, Sendable, CustomStringConvertible {
  /// What is wrong and what to do, in one sentence.
  public var message: String
  /// Where, in UTF-8 bytes from the start of the text.
  public var offset: Int
  /// Where: the line, from 1.
  public var line: Int
  /// Where: the character of that line, from 1.
  public var column: Int
  /// Whether the text itself is wrong, whatever the data.
  public var isParseError: Bool

  /// A message may quote what stands in the text; no reader wants more of that.
  private static let longestMessage = 600

  init(_ message: String, at offset: Int, in text: [UInt8], isParseError: Bool) {
    self.message = message.utf8.count > Self.longestMessage ? message.prefix(Self.longestMessage) + "…" : message
    self.offset = offset
    self.isParseError = isParseError
    let before = text.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    line = before.count { $0 == UInt8(ascii: "\n") } + 1
    // Bytes that continue a character do not count.
    column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
  }

  /// `line 1, column 3: the function 'uper' does not exist; did you mean 'upper'?`
  public var description: String { "line \(line), column \(column): \(message)" }
}
