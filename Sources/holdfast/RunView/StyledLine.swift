internal import Terminal

/// A line of text in parts with their emphasis: laid out first, written for a terminal or a file last.
struct StyledLine: Sendable, Equatable {
  struct Span: Sendable, Equatable {
    var text: String
    var emphasis: TextStyle.Emphasis?
  }

  var spans: [Span] = []

  init(_ text: String = "", _ emphasis: TextStyle.Emphasis? = nil) { append(text, emphasis) }

  mutating func append(_ text: String, _ emphasis: TextStyle.Emphasis? = nil) {
    if !text.isEmpty { spans.append(Span(text: text, emphasis: emphasis)) }
  }

  /// The text alone.
  var plain: String { spans.map(\.text).joined() }

  /// The line as the stream shows it, no wider than `columns`.
  func text(_ style: TextStyle, columns: Int? = nil) -> String {
    var left = columns ?? .max
    var result = ""
    for span in spans where left > 0 {
      let width = displayWidth(span.text)
      let text = width > left ? shortened(span.text, to: left) : span.text
      result += style.emphasized(text, span.emphasis)
      left -= min(left, width)
    }
    // Blanks at the end would be in the way of whoever copies the line.
    while result.hasSuffix(" ") { result.removeLast() }
    return result
  }
}
