internal import Glibc

/// How text for people is laid out on a stream.
package struct TextStyle: Sendable, Equatable {
  /// Running text is broken at this many characters.
  package var width: Int
  /// How many characters a line of the terminal holds; nil where lines may have any length, as in a file.
  package var columns: Int?
  /// Whether text may be bold or coloured.
  package var isColored: Bool

  /// Running text is hard to read in longer lines.
  package static let widest = 100

  /// A style; without arguments that of a file.
  package init(width: Int = TextStyle.widest, columns: Int? = nil, isColored: Bool = false) {
    self.width = width
    self.columns = columns
    self.isColored = isColored
  }

  /// What sets text apart. Meaning is never in the colour alone.
  package enum Emphasis: String, Sendable, CaseIterable {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
  }

  /// The text with the emphasis, where the stream knows such.
  package func emphasized(_ text: String, _ emphasis: Emphasis?) -> String {
    guard isColored, let emphasis, !text.isEmpty else { return text }
    return "\u{1B}[\(emphasis.rawValue)m\(text)\u{1B}[0m"
  }

  /// Bold text.
  package func bold(_ text: String) -> String { emphasized(text, .bold) }

  /// Red text, for what went wrong.
  package func red(_ text: String) -> String { emphasized(text, .red) }

  /// The style for a stream of this process: colours only on a terminal that knows them and unless `NO_COLOR` is
  /// set, and lines no wider than the terminal.
  package static func forStream(_ descriptor: Int32, environment: (String) -> String?) -> TextStyle {
    guard isatty(descriptor) == 1 else { return TextStyle() }
    var size = winsize()
    let columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    return forTerminal(columns: columns, environment: environment)
  }

  /// The style for a terminal of this many columns; 0 if that is not known.
  package static func forTerminal(columns: Int, environment: (String) -> String?) -> TextStyle {
    let isDumb = environment("TERM").map { $0.isEmpty || $0 == "dumb" } ?? true
    let refusesColor = environment("NO_COLOR").map { !$0.isEmpty } ?? false
    let narrowest = 50
    return TextStyle(
      width: columns == 0 ? widest : min(widest, max(narrowest, columns)),
      columns: columns == 0 ? nil : max(narrowest, columns), isColored: !isDumb && !refusesColor)
  }
}
