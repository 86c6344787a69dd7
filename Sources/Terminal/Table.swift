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
    /// A flexible column becomes narrower than this only when all extra ones are gone.
    package var narrowest: Int
    /// Whether it is left out where the terminal is too narrow even so.
    package var isExtra: Bool

    /// A column.
    package init(
      _ title: String, isRight: Bool = false, isFlexible: Bool = false, narrowest: Int = 16, isExtra: Bool = false
    ) {
      self.title = title
      self.isRight = isRight
      self.isFlexible = isFlexible
      self.narrowest = narrowest
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
      gap += columns[index].isRight ? space : 0
      // A gap is written when something follows: lines end without blanks.
      if !text.isEmpty {
        line += String(repeating: " ", count: gap) + style.emphasized(text, cell.emphasis)
        gap = 0
      }
      gap += 2 + (columns[index].isRight ? 0 : space)
    }
    return line
  }

  /// The width of each column; nil for one that is left out.
  private func widths(in available: Int?) -> [Int?] {
    var widths: [Int?] = columns.indices.map { index in
      let widest = rows.reduce(0) { max($0, displayWidth($1[index].text)) }
      // A column of notes without any note is none.
      return widest == 0 && columns[index].isFlexible ? nil : max(widest, displayWidth(columns[index].title))
    }
    guard let available else { return widths }
    leaveOut(&widths, available) { min($1, columns[$0].narrowest) }
    shrink(&widths, available) { columns[$0].narrowest }
    shrink(&widths, available) { _ in 6 }
    return widths
  }

  /// Leaves extra columns out, the last first, until the others fit with what each flexible one takes at least.
  private func leaveOut(_ widths: inout [Int?], _ available: Int, least: (Int, Int) -> Int) {
    for index in columns.indices.reversed() where columns[index].isExtra {
      let needed = columns.indices.map { other in
        widths[other].map { columns[other].isFlexible ? least(other, $0) : $0 }
      }
      if total(needed) <= available { return }
      widths[index] = nil
    }
  }

  /// Narrows flexible columns, the widest first, until all fit.
  private func shrink(_ widths: inout [Int?], _ available: Int, narrowest: (Int) -> Int) {
    while total(widths) > available {
      let flexible = columns.indices.filter { columns[$0].isFlexible && (widths[$0] ?? 0) > narrowest($0) }
      guard let widest = flexible.max(by: { (widths[$0] ?? 0) < (widths[$1] ?? 0) }), let width = widths[widest] else {
        return
      }
      let next = flexible.filter { $0 != widest }.compactMap { widths[$0] }.max() ?? 0
      let excess = total(widths) - available
      widths[widest] = max(narrowest(widest), width - min(excess, max(1, width - next)))
    }
  }

  /// What a line takes, with two blanks between columns.
  private func total(_ widths: [Int?]) -> Int { widths.reduce(-2) { $0 + ($1.map { $0 + 2 } ?? 0) } }
}
