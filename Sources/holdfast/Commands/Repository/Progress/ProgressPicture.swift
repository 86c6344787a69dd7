internal import Terminal

/// Draws the state of a long command in a few lines. Pure.
struct ProgressPicture {
  /// So many of the things that are being worked on are shown.
  static let shownItems = 2
  private static let widestBar = 40
  private static let narrowestBar = 10

  /// The lines for a terminal of so many columns; none is wider.
  static func lines(_ state: WorkState, _ pace: WorkPace, columns: Int) -> [StyledLine] {
    let clock = "[\(clockText(pace.elapsed))]"
    if let phase = state.phase { return [line([clock, phase], columns)] }
    var lines = [head(state, clock, pace, columns)]
    lines += state.current.prefix(shownItems).map { item in
      StyledLine("  " + shortenedInTheMiddle(singleLine(item), to: max(1, columns - 2)), .faint)
    }
    return lines
  }

  /// Parts stand in the order of the line, and go in the order of `worth` when it is too narrow.
  private static func head(_ state: WorkState, _ clock: String, _ pace: WorkPace, _ columns: Int) -> StyledLine {
    var parts: [(text: String, worth: Int)] = [(clock, 5)]
    if let title = state.title { parts.append((title, 8)) }
    if let fraction = state.fraction { parts.append(("\(Int(fraction * 100))%", 9)) }
    if state.countsBytes {
      parts.append((byteText(state.bytes) + of(state.expectedBytes.map(byteText), state.isGrowing), 8))
      if let rate = pace.wholeRate { parts.append((byteText(rate) + "/s", 6)) }
    }
    if state.items > 0 || state.expectedItems ?? 0 > 0 {
      let total = state.expectedItems.map { groupedText($0) }
      let noun = (state.expectedItems ?? state.items) == 1 ? state.noun : state.noun + "s"
      parts.append(("\(groupedText(state.items))\(of(total, state.isGrowing)) \(noun)", 4))
    }
    if let left = state.left(at: pace.rate) { parts.append(("\(clockText(left)) left", 7)) }
    parts += state.notes.map { ($0, 3) }
    if state.problems > 0 { parts.append((countText(state.problems, "error"), 10)) }
    while parts.count > 1, width(parts) > columns {
      guard let least = parts.indices.min(by: { parts[$0].worth < parts[$1].worth }) else { break }
      parts.remove(at: least)
    }
    return withBar(state.fraction, line(parts.map(\.text), columns), columns)
  }

  private static func of(_ total: String?, _ isGrowing: Bool) -> String {
    total.map { " of \($0)" + (isGrowing ? "+" : "") } ?? ""
  }

  private static func width(_ parts: [(text: String, worth: Int)]) -> Int {
    parts.reduce(-2) { $0 + 2 + displayWidth($1.text) }
  }

  private static func line(_ parts: [String], _ columns: Int) -> StyledLine {
    StyledLine(shortened(parts.joined(separator: "  "), to: columns))
  }

  /// A bar before the line, if there is room for one.
  private static func withBar(_ fraction: Double?, _ line: StyledLine, _ columns: Int) -> StyledLine {
    let room = min(widestBar, columns - displayWidth(line.plain) - 2)
    guard let fraction, room >= narrowestBar else { return line }
    let inner = room - 2
    let done = Int((Double(inner) * fraction).rounded(.down))
    var result = StyledLine("[")
    result.append(String(repeating: "=", count: done), .green)
    if done < inner { result.append(">" + String(repeating: " ", count: inner - done - 1), .faint) }
    result.append("]  ")
    result.spans += line.spans
    return result
  }
}

/// A path that is too long, without its middle: the beginning tells where, the end what.
func shortenedInTheMiddle(_ text: String, to width: Int) -> String {
  if displayWidth(text) <= width { return text }
  guard width >= 8 else { return shortened(text, to: width) }
  let front = shortened(text, to: width / 3)
  var end = ""
  var used = displayWidth(front)
  for character in text.reversed() {
    used += displayWidth(String(character))
    if used > width { break }
    end.insert(character, at: end.startIndex)
  }
  return front + end
}
