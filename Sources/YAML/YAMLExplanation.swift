extension YAMLSource {
  /// What the writer of the file most likely did, in place of what libyaml says.
  ///
  /// - Parameter quoted: the last text in quotes that was read, if it goes over several lines.
  func explain(_ complaint: YAMLComplaint, after quoted: (start: YAMLMark, end: YAMLMark)? = nil) -> YAMLError {
    let explanation = YAMLExplanation(complaint, of: self, after: quoted).find()
    return error(explanation.message, at: explanation.mark)
  }

  func unquotedExpression(at mark: YAMLMark) -> YAMLError {
    error(YAMLExplanation.unquotedExpression, at: mark)
  }
}

/// Finds the likely mistake behind one of libyaml's complaints.
struct YAMLExplanation {
  typealias Finding = (message: String, mark: YAMLMark)

  static let unquotedExpression = "a value that begins with {{ must be put in quotes: '{{ … }}'"

  let complaint: YAMLComplaint
  let quoted: (start: YAMLMark, end: YAMLMark)?
  let lines: [Substring]
  var mark: YAMLMark { complaint.mark }
  /// Where the thing began that could not be read to its end.
  var beginning: YAMLMark { complaint.contextMark ?? complaint.mark }

  init(_ complaint: YAMLComplaint, of source: YAMLSource, after quoted: (start: YAMLMark, end: YAMLMark)?) {
    self.complaint = complaint
    self.quoted = quoted
    lines = source.lines
  }

  func find() -> Finding {
    if let mark = expression { return (Self.unquotedExpression, mark) }
    return earlyQuote ?? byProblem ?? ("this is not YAML: \(complaint.problem)", mark)
  }

  func line(_ number: Int) -> SuspectLine {
    SuspectLine(lines.indices.contains(number - 1) ? lines[number - 1] : "", number: number)
  }

  /// The next line above with something on it.
  func lineAbove(_ number: Int) -> SuspectLine? {
    var number = min(number, lines.count + 1) - 1
    while number > 0 {
      let line = line(number)
      if !line.isBlank { return line }
      number -= 1
    }
    return nil
  }

  func character(_ mark: YAMLMark) -> Unicode.Scalar? { line(mark.line)[mark.column - 1] }

  /// Whether nothing but blanks is left of the mark.
  var isAtLineStart: Bool { mark.column - 1 <= line(mark.line).indentation }

  /// Whether the file ends at the mark.
  var isAtEnd: Bool { mark.line > lines.count || (mark.line...lines.count).allSatisfy { line($0).isBlank } }

  /// `{{` at the beginning of a value, in the line of the mistake or where the broken value began.
  private var expression: YAMLMark? {
    guard !complaint.problem.contains("escape") else { return nil }
    let isLocal = complaint.context.map { !$0.contains("block") } ?? false
    return line(mark.line).expression ?? (isLocal ? line(beginning.line).expression : nil)
  }

  private var earlyQuote: Finding? {
    if let (start, end) = quoted, end.line == mark.line, end <= mark {
      return (
        "the text in quotes that began at \(start.line):\(start.column) ends here; should it have ended in line \(start.line)?",
        YAMLMark(line: end.line, column: end.column - 1)
      )
    }
    let places = complaint.context == "while scanning a quoted scalar" ? [beginning] : [mark]
    for place in places {
      let line = line(place.line)
      guard let early = line.earlyQuote(before: place.column + 1) else { continue }
      let advice =
        early.quote == "'"
        ? "inside of single quotes, write '' for a quote"
        : "put text with \" in it in single quotes, or write \\\" for each inner quote"
      return ("the text in quotes ends here, but more text follows; \(advice)", line.mark(early.index))
    }
    return nil
  }
}

extension YAMLSource {
  /// All lines, as `line(_:)` gives them.
  fileprivate var lines: [Substring] {
    var lines: [Substring] = []
    var rest = text.unicodeScalars[...]
    while let end = rest.firstIndex(where: isLineBreak) {
      lines.append(Substring(rest[..<end]))
      rest = afterBreak(rest, end)
    }
    if !rest.isEmpty { lines.append(Substring(rest)) }
    return lines
  }
}
