/// One line of a file that could not be read, looked at as its writer may have meant it.
struct SuspectLine {
  /// A value, or a key, and where it stands.
  struct Piece {
    /// Where it begins, as an index of `scalars`.
    var start: Int
    /// Where its closing quote is, if it begins with a quote and the quote ends in this line.
    var closingQuote: Int?
    /// How many brackets are open around it, as far as this line shows.
    var brackets: Int
  }

  /// Nobody wrote a longer line by hand.
  private static let maximumLength = 100_000

  let number: Int
  let scalars: [Unicode.Scalar]

  init(_ text: Substring, number: Int) {
    scalars = Array(text.unicodeScalars.prefix(Self.maximumLength))
    self.number = number
  }

  subscript(index: Int) -> Unicode.Scalar? { scalars.indices.contains(index) ? scalars[index] : nil }

  func mark(_ index: Int) -> YAMLMark { YAMLMark(line: number, column: index + 1) }

  /// Where the text of the line begins.
  var indentation: Int { scalars.prefix { $0 == " " || $0 == "\t" }.count }

  /// Whether there is nothing on it, or only a comment.
  var isBlank: Bool { self[indentation] == nil || self[indentation] == "#" }

  /// Keys and values, from left to right, up to one that begins with `{{`.
  var pieces: [Piece] {
    var pieces: [Piece] = []
    var brackets = 0
    var index = 0
    while let start = startOfPiece(from: &index, brackets: &brackets) {
      var piece = Piece(start: start, closingQuote: nil, brackets: brackets)
      if let quote = self[start], quote == "\"" || quote == "'" {
        piece.closingQuote = closingQuote(from: start)
        index = (piece.closingQuote ?? scalars.count) + 1
      }
      pieces.append(piece)
      if begins("{{", at: start) { break }
      skipPlain(&index, inBrackets: brackets > 0)
    }
    return pieces
  }

  /// Where a value begins with `{{` without quotes.
  var expression: YAMLMark? {
    pieces.last.flatMap { begins("{{", at: $0.start) ? mark($0.start) : nil }
  }

  /// A closing quote, before the column `column`, behind which the text goes on.
  func earlyQuote(before column: Int) -> (index: Int, quote: Unicode.Scalar)? {
    for piece in pieces {
      guard let end = piece.closingQuote, end + 1 < column else { continue }
      var next = end + 1
      while isBlank(next), next < scalars.count { next += 1 }
      if piece.brackets > 0, next > end + 1 { continue }  // rather a comma is missing
      switch self[next] {
      case nil, ":", "#": continue
      case ",", "]", "}": if piece.brackets > 0 { continue }
      default: break
      }
      return (end, scalars[end])
    }
    return nil
  }

  /// A colon without a space behind it, where a key seems to end: `key:value`.
  var tightColon: Int? {
    guard let start = pieces.first?.start else { return nil }
    var index = start
    if let end = pieces.first?.closingQuote {
      index = end + 1
    } else {
      while let scalar = self[index],
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar)
      {
        index += 1
      }
    }
    guard index > start, self[index] == ":", !isBlank(index + 1), !begins("//", at: index + 1) else { return nil }
    return index
  }

  /// Whether the line has a key with something behind its colon.
  var hasKeyWithValue: Bool { pieces.count { self[$0.start] != "-" } > 1 }

  func begins(_ text: String, at index: Int) -> Bool {
    index >= 0 && scalars.dropFirst(index).starts(with: text.unicodeScalars)
  }

  /// Whether there is a blank or the end of the line.
  func isBlank(_ index: Int) -> Bool {
    guard let scalar = self[index] else { return true }
    return scalar == " " || scalar == "\t"
  }

  private func startOfPiece(from index: inout Int, brackets: inout Int) -> Int? {
    while let scalar = self[index] {
      switch scalar {
      case " ", "\t", ",": index += 1
      case "#": return nil
      case "-" where isBlank(index + 1): index += 1
      case ":" where isBlank(index + 1) || brackets > 0: index += 1
      case "[", "{":
        if begins("{{", at: index) { return index }
        brackets += 1
        index += 1
      case "]", "}":
        brackets = max(0, brackets - 1)
        index += 1
      default: return index
      }
    }
    return nil
  }

  private func closingQuote(from start: Int) -> Int? {
    let quote = scalars[start]
    var index = start + 1
    while let scalar = self[index] {
      if scalar == "\\", quote == "\"" {
        index += 1
      } else if scalar == quote {
        if quote == "\"" || self[index + 1] != quote { return index }
        index += 1
      }
      index += 1
    }
    return nil
  }

  private func skipPlain(_ index: inout Int, inBrackets: Bool) {
    while let scalar = self[index] {
      if scalar == ":", isBlank(index + 1) { return }
      if scalar == "#", isBlank(index - 1) { return }
      if inBrackets, ",[]{}".unicodeScalars.contains(scalar) { return }
      index += 1
    }
  }
}
