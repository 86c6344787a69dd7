/// Breaks text into lines of at most `width` characters, between words; a longer word gets a line of its own.
///
/// `keepsPhrases`: breaks only after a semicolon.
package func wrap(_ text: String, width: Int, keepsPhrases: Bool = false) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in keepsPhrases ? phrases(text) : text.split(separator: " ").map(String.init) {
    if !line.isEmpty, displayWidth(line) + 1 + displayWidth(word) > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return line.isEmpty ? lines : lines + [line]
}

/// The parts of a text that end with a semicolon.
private func phrases(_ text: String) -> [String] {
  let parts = text.split(separator: ";").map { $0.drop { $0 == " " } }
  return parts.enumerated().map { $0 < parts.count - 1 ? $1 + ";" : String($1) }
}

/// Two columns: terms, and their meanings wrapped beside them. A term that is too long gets a line of its own, as all do
/// where there is no room for a second column.
package func twoColumns(_ rows: [(term: String, meaning: String)], width: Int) -> [String] {
  let widestTerm = 26
  let column = 2 + 2 + min(widestTerm, rows.map { displayWidth($0.term) }.max() ?? 0)
  // A column that is narrower would be torn by single words.
  let hasRoom = width - column >= 28
  let indent = hasRoom ? column : 6
  return rows.flatMap { term, meaning in
    let meanings = wrap(meaning, width: max(20, width - indent))
    let isBeside = hasRoom && displayWidth(term) + 4 <= column
    let first = "  " + term
    let beside = isBeside ? padded(first, to: column) + (meanings.first ?? "") : first
    let below = meanings.dropFirst(isBeside ? 1 : 0).map { String(repeating: " ", count: indent) + $0 }
    return [beside] + below
  }
}
