internal import Glibc

/// How text for people is laid out on a stream.
struct TextStyle: Sendable {
  /// Lines are broken at this many characters.
  var width = TextStyle.widest
  /// Whether text may be bold or coloured.
  var isColored = false

  static let widest = 100

  func bold(_ text: String) -> String { isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  func red(_ text: String) -> String { isColored ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

  /// The style for a stream of this process: colours only on a terminal that knows them and unless `NO_COLOR` is
  /// set, and lines no wider than the terminal.
  static func forStream(_ descriptor: Int32, environment: (String) -> String?) -> TextStyle {
    guard isatty(descriptor) == 1 else { return TextStyle() }
    var size = winsize()
    let columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    return forTerminal(columns: columns, environment: environment)
  }

  /// The style for a terminal of this many columns; 0 if that is not known.
  static func forTerminal(columns: Int, environment: (String) -> String?) -> TextStyle {
    let isDumb = environment("TERM").map { $0.isEmpty || $0 == "dumb" } ?? true
    let refusesColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    let narrowest = 50
    return TextStyle(
      width: columns == 0 ? widest : min(widest, max(narrowest, columns)), isColored: !isDumb && !refusesColor)
  }
}
