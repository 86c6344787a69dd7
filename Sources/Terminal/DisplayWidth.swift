/// How many columns of a terminal a text takes: none for marks that combine, two for wide characters and pictures.
package func displayWidth(_ text: some StringProtocol) -> Int {
  // Most text is plain.
  if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text.utf8.count }
  return text.reduce(0) { $0 + displayWidth($1) }
}

private func displayWidth(_ character: Character) -> Int {
  guard let first = character.unicodeScalars.first else { return 0 }
  switch first.properties.generalCategory {
  case .control, .format, .nonspacingMark, .enclosingMark: return 0
  default: break
  }
  if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
  return wideRanges.contains { $0.contains(first.value) } ? 2 : 1
}

/// Scripts whose characters take two columns (East Asian Width: W and F).
private let wideRanges: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
  0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
  0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
]

/// The text with spaces after it, so that it takes `width` columns; as it is if it takes more.
package func padded(_ text: String, to width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - displayWidth(text)))
}

/// The beginning of a text that takes at most `width` columns, with `…` in the place of what is left out.
package func shortened(_ text: String, to width: Int) -> String {
  if displayWidth(text) <= width { return text }
  var result = ""
  var used = 1
  for character in text {
    used += displayWidth(character)
    if used > width { break }
    result.append(character)
  }
  return width < 1 ? "" : result + "…"
}

/// Text from outside on one line, without control characters: what a step printed must not move the cursor.
package func singleLine(_ text: some StringProtocol) -> String {
  var result = ""
  var isGap = false
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      // An escape leaves a mark; line ends and blanks are one space.
      if scalar.properties.isWhitespace { isGap = true } else { result += "\u{FFFD}" }
    default:
      if isGap, !result.isEmpty { result += " " }
      isGap = false
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
