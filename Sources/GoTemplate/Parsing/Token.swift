/// A piece of a template's text.
struct Token {
  enum Kind: Equatable {
    case text
    case leftDelimiter, rightDelimiter, leftParenthesis, rightParenthesis
    case space
    /// `=`
    case assign
    /// `:=`
    case declare
    case pipe
    /// `.`
    case dot
    /// `.name`
    case field
    /// `$name`
    case variable
    case identifier
    case bool, nilWord, number, character, string, rawString
    case keyword(Keyword)
    /// Any other printable ASCII character.
    case other
    case end
    /// Text that is no token; the message says why.
    case error(String)
  }

  enum Keyword: String {
    case block, define, `else`, end, `if`, range, template, with
    case `break`, `continue`
  }

  let kind: Kind
  /// Where it starts, in bytes.
  let start: Int
  /// Where the next one starts; a text that is trimmed ends before.
  let end: Int
}
