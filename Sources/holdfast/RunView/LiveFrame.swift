internal import Terminal

/// A picture that is drawn over itself in a terminal, without another screen: only lines that differ are written again.
///
/// Pure: it gives the text that turns what is shown into what is wanted. Below the picture stands the cursor, in the first
/// column.
struct LiveFrame {
  /// How large the terminal is.
  struct Size: Sendable, Equatable {
    var columns: Int
    var rows: Int
  }

  /// The lines on the screen, as they were written, and how wide each is.
  private var shown: [(text: String, width: Int)] = []
  private var size: Size?

  /// The text that shows `lines` in a terminal of this size. There must be fewer of them than it has rows.
  mutating func show(_ lines: [StyledLine], _ style: TextStyle, in size: Size) -> String {
    let wanted = lines.map { line in
      // The last column stays free: a full line moves the cursor in a way of each terminal's own.
      let text = line.text(style, columns: size.columns - 1)
      return (text: text, width: min(size.columns - 1, displayWidth(line.plain)))
    }
    var text = ""
    if let before = self.size, before != size {
      text += erase(in: size)
      shown = []
    }
    self.size = size
    let first = zip(shown, wanted).prefix { $0.text == $1.text }.count
    if first == shown.count, first == wanted.count { return text }
    text += up(shown.count - first)
    for index in first..<wanted.count {
      if index >= shown.count || shown[index].text != wanted[index].text { text += wanted[index].text + "\u{1B}[K" }
      text += "\r\n"
    }
    if wanted.count < shown.count { text += "\u{1B}[J" }
    shown = wanted
    return text
  }

  /// The text that removes the picture, so that other text can take its place.
  mutating func clear() -> String {
    let text = size.map { erase(in: $0) } ?? ""
    shown = []
    return text
  }

  /// In a terminal that got narrower, each line of the picture may have become several.
  private func erase(in size: Size) -> String {
    let rows = shown.reduce(0) { $0 + max(1, ($1.width + size.columns - 1) / size.columns) }
    return up(min(rows, size.rows - 1)) + "\u{1B}[J"
  }

  private func up(_ rows: Int) -> String { rows > 0 ? "\u{1B}[\(rows)A\r" : "\r" }

  static let hideCursor = "\u{1B}[?25l"
  static let showCursor = "\u{1B}[?25h"
}
