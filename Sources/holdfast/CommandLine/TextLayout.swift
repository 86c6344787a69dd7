/// Breaks text into lines of at most `width` characters, between words; a longer word gets a line of its own.
func wrap(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, line.count + 1 + word.count > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return line.isEmpty ? lines : lines + [line]
}

/// Two columns: terms, and their meanings wrapped beside them. A term that is too long gets a line of its own.
func twoColumns(_ rows: [(term: String, meaning: String)], width: Int) -> [String] {
  let widestTerm = 26
  let column = 2 + 2 + min(widestTerm, rows.map(\.term.count).max() ?? 0)
  return rows.flatMap { term, meaning in
    let meanings = wrap(meaning, width: max(20, width - column))
    let isBeside = term.count + 4 <= column
    let first = "  " + term
    let beside = isBeside ? first + String(repeating: " ", count: column - first.count) + (meanings.first ?? "") : first
    let below = meanings.dropFirst(isBeside ? 1 : 0).map { String(repeating: " ", count: column) + $0 }
    return [beside] + below
  }
}
