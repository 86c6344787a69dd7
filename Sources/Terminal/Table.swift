/// Rows under titles, aligned by what they take on a terminal.
package struct Table: Sendable {
  /// A column.
  package struct Column: Sendable {
    /// What stands above it, in capitals.
    package var title: String
    /// Numbers stand to the right.
    package var isRight: Bool
    /// Whether its texts may be cut where the terminal is narrow; those of other columns never are.
    package var isFlexible: Bool
    /// Whether it is left out where the terminal is too narrow even so.
    package var isExtra: Bool

    /// A column.
    package init(_ title: String, isRight: Bool = false, isFlexible: Bool = false, isExtra: Bool = false) {
      self.title = title
      self.isRight = isRight
      self.isFlexible = isFlexible
      self.isExtra = isExtra
    }
  }

  /// What stands in a row's column.
  package struct Cell: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// Its text, on one line.
    package let text: String
    /// What sets it apart.
    package var emphasis: TextStyle.Emphasis?

    /// A cell; line ends and control characters in the text are replaced.
    package init(_ text: String, _ emphasis: TextStyle.Emphasis? = nil) {
      self.text = singleLine(text)
      self.emphasis = emphasis
    }

    /// A cell without emphasis; `-` for nothing.
    package init(_ text: String?) { self.init(text.map { $0.isEmpty ? "-" : $0 } ?? "-", nil) }

    /// A cell without emphasis.
    package init(stringLiteral value: String) { self.init(value, nil) }
  }

  let columns: [Column]
  let rows: [[Cell]]

  /// A table; each row has a cell for every column.
  package init(_ columns: [Column], rows: [[Cell]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The lines, the titles first.
  package func lines(_ style: TextStyle) -> [String] {
    let widths = widths(in: style.columns)
    let titles = columns.map { Cell($0.title, .bold) }
    return ([titles] + rows).map { line($0, widths, style) }
  }

  private func line(_ cells: [Cell], _ widths: [Int?], _ style: TextStyle) -> String {
    var line = ""
    var gap = 0
    for (index, cell) in cells.enumerated() {
      guard let width = widths[index] else { continue }
      let text = shortened(cell.text, to: width)
      let space = width - displayWidth(text)
      let before = gap + (columns[index].isRight ? space : 0)
      line += String(repeating: " ", count: before) + style.emphasized(text, cell.emphasis)
      gap = 2 + (columns[index].isRight ? 0 : space)
    }
    return line
  }

  /// The width of each column; nil for one that is left out.
  private func widths(in available: Int?) -> [Int?] {
    var widths: [Int?] = columns.indices.map { index in
      rows.reduce(displayWidth(columns[index].title)) { max($0, displayWidth($1[index].text)) }
    }
    guard let available else { return widths }
    func total() -> Int { widths.reduce(-2) { $0 + ($1.map { $0 + 2 } ?? 0) } }
    func shrink(to narrowest: Int) {
      // The widest gives first.
      while total() > available {
        let flexible = columns.indices.filter { columns[$0].isFlexible && (widths[$0] ?? 0) > narrowest }
        guard let widest = flexible.max(by: { (widths[$0] ?? 0) < (widths[$1] ?? 0) }), let width = widths[widest]
        else { return }
        let others = flexible.filter { $0 != widest }.compactMap { widths[$0] }.max() ?? 0
        widths[widest] = max(narrowest, width - min(total() - available, max(1, width - others)))
      }
    }
    shrink(to: 16)
    for index in columns.indices.reversed() where total() > available && columns[index].isExtra { widths[index] = nil }
    // What was left out may have made more room than was needed, which is not worth a second round.
    shrink(to: 6)
    return widths
  }
}
