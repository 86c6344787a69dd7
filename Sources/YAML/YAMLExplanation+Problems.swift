extension YAMLExplanation {
  /// The explanation by libyaml's sentence; nil for sentences that are not known here.
  var byProblem: Finding? {
    switch complaint.problem {
    case "mapping values are not allowed in this context": strayColon
    case "could not find expected ':'": missingColon
    case "did not find expected key", "did not find expected '-' indicator": strayInBlock
    case "did not find expected ',' or ']'": unfinished(closing: "]", "list")
    case "did not find expected ',' or '}'": unfinished(closing: "}", "mapping")
    case "did not find expected node content": missingValue
    case "did not find expected <document start>": strayBehindDocument
    case "found character that cannot start any token": strayCharacter
    case "found a tab character that violates indentation",
      "found a tab character where an indentation space is expected":
      (tab, mark)
    case "found unexpected end of stream", "found unexpected document indicator":
      ("the quote that opens here is never closed", beginning)
    case "block sequence entries are not allowed in this context":
      (
        "a list cannot begin here: put '- ' on a line of its own below the key, or the value in quotes if it is text",
        mark
      )
    case "mapping keys are not allowed in this context": (needsQuotes("?"), mark)
    case "found unknown escape character", "did not find expected hexdecimal number",
      "found invalid Unicode character escape code":
      badEscape
    case "found unexpected ':'": missingSpace(":", at: mark)
    case "found duplicate %YAML directive", "found duplicate %TAG directive": ("this line with % is here twice", mark)
    case "found incompatible YAML document": ("the %YAML line names a version other than 1.1 and 1.2", mark)
    default: byContext
    }
  }

  private var tab: String { "a tab stands where only spaces may: YAML is indented with spaces" }

  private func needsQuotes(_ start: Unicode.Scalar) -> String {
    "a value that begins with \(start) must be put in quotes"
  }

  private var byContext: Finding? {
    switch complaint.context {
    case let context? where context.contains("directive"):
      ("a line that begins with % is an instruction to YAML readers; put it in quotes if it is text", beginning)
    case "while scanning an alias", "while scanning an anchor", "while scanning a tag", "while parsing a tag":
      (needsQuotes(character(beginning) ?? "!"), beginning)
    case "while scanning a block scalar":
      (
        "behind | or > comes nothing else in the line: the text begins in the next one; "
          + "put the value in quotes if the sign belongs to it", beginning
      )
    case "while parsing a node": ("this tag is not known; put the value in quotes if it is text", beginning)
    default: nil
    }
  }

  /// A colon with a space behind it, where no key can be.
  private var strayColon: Finding {
    let here = line(mark.line)
    if here.begins("---", at: 0) {
      return ("behind '---' only a comment may follow; put the first key on the next line", mark)
    }
    if here.pieces.dropFirst().contains(where: { $0.start < mark.column - 1 }) {
      return ("there is a second ': ' in this line; put the value in quotes if the colon belongs to it", mark)
    }
    guard let above = lineAbove(mark.line) else { return ("a key cannot stand here", mark) }
    if let colon = above.tightColon { return missingSpace(":", at: above.mark(colon)) }
    if above.indentation < here.indentation, above.hasKeyWithValue {
      return (
        "this line is indented deeper than line \(above.number), which has its value already; "
          + "keys of one mapping begin in the same column", here.mark(here.indentation)
      )
    }
    guard above.firstKey == here.firstKey else {
      return ("this line is indented as a part of line \(above.number), which is text", here.mark(here.indentation))
    }
    return noColon(above)
  }

  private var missingColon: Finding {
    let line = line(beginning.line)
    let start = beginning.column - 1
    if line[start] == "-", !line.isBlank(start + 1), start == line.indentation {
      return missingSpace("-", at: beginning)
    }
    if let colon = line.tightColon { return missingSpace(":", at: line.mark(colon)) }
    if line.scalars.count - start > 1024 {
      return ("a key may have 1024 characters at most, and end in its line", beginning)
    }
    return noColon(line)
  }

  private func missingSpace(_ sign: String, at mark: YAMLMark) -> Finding {
    let next = YAMLMark(line: mark.line, column: mark.column + 1)
    if let advice = falseSpace(character(next)) { return (advice, next) }
    return ("a space is missing behind '\(sign)'", mark)
  }

  private func noColon(_ line: SuspectLine) -> Finding {
    ("this line has no ': ' between a key and a value, as the lines around it", line.mark(line.indentation))
  }

  /// Something that is neither the next key of a mapping nor the next item of a list.
  private var strayInBlock: Finding {
    let here = line(mark.line)
    if let sign = character(mark), sign == "]" || sign == "}" { return unopened(sign) }
    guard isAtLineStart else { return ("this does not belong here: the value before it has ended", mark) }
    if here[mark.column - 1] == ":" { return ("the key before this colon is missing", mark) }
    let isItem = here[mark.column - 1] == "-" && here.isBlank(mark.column)
    let inList = complaint.problem.contains("'-'")
    if mark.column == beginning.column, isItem != inList {
      return inList
        ? (
          "the items of this list begin with '- ', but this line does not; indent it if it belongs to the item above",
          mark
        )
        : ("here is a list item between the keys of a mapping; indent it if it belongs to the key above", mark)
    }
    return (
      "this line begins in column \(mark.column), where nothing above it begins; "
        + "keys of one mapping, and items of one list, begin in the same column", mark
    )
  }

  private func unopened(_ sign: Unicode.Scalar) -> Finding {
    ("here is a closing \(sign) without an opening one; put the value in quotes if it belongs to the text", mark)
  }

  /// A list or mapping in brackets.
  private func unfinished(closing: String, _ kind: String) -> Finding {
    let opening = closing == "]" ? "[" : "{"
    if isAtEnd { return ("the \(opening) that opens here is never closed", beginning) }
    let sign = closing == "]" ? "a comma" : "a comma or a ':'"
    return (
      "\(sign) is missing before this, or the closing \(closing) of the \(kind) that began at "
        + "\(beginning.line):\(beginning.column)", startOfWord
    )
  }

  /// The beginning of the key, if the mark is at its colon.
  private var startOfWord: YAMLMark {
    guard character(mark) == ":" else { return mark }
    let line = line(mark.line)
    var index = mark.column - 1
    while index > 0, !line.isBlank(index - 1), !"{[,".unicodeScalars.contains(line.scalars[index - 1]) { index -= 1 }
    return line.mark(index)
  }

  private var missingValue: Finding {
    if isAtEnd { return ("the file ends inside of a list or mapping: a closing ] or } is missing", mark) }
    let isInBrackets = complaint.context == "while parsing a flow node"
    switch character(mark) {
    case ",": return isInBrackets ? ("a value is missing before this comma", mark) : (needsQuotes(","), mark)
    case let sign? where !isInBrackets && (sign == "]" || sign == "}"): return unopened(sign)
    case "-": return (needsQuotes("-"), mark)
    default: return ("a value is missing here", mark)
    }
  }

  private var strayBehindDocument: Finding {
    let here = line(mark.line)
    if let above = lineAbove(mark.line), above[0] == "%" {
      return ("a line '---' is missing below the line with %", mark)
    }
    if isAtLineStart, let first = lineAbove(2) ?? lineAbove(mark.line), first.indentation > here.indentation {
      return ("this line is indented less than the first one; keys of one mapping begin in the same column", mark)
    }
    return ("the document has ended before this; a second one begins with a line '---'", mark)
  }

  private var strayCharacter: Finding {
    guard let character = character(mark) else { return ("the file ends too early", mark) }
    return character == "\t" ? (tab, mark) : (needsQuotes(character), mark)
  }

  private var badEscape: Finding {
    let line = line(mark.line)
    var index = min(mark.column, line.scalars.count) - 1
    while index > 0, line[index] != "\\" { index -= 1 }
    return (
      "in double quotes a backslash begins an escape, as \\n or \\u00e9, and this is none; "
        + "write \\\\ for a backslash, or use single quotes", line.mark(max(index, 0))
    )
  }
}

extension SuspectLine {
  /// Where the first key begins: behind the dashes of list items.
  fileprivate var firstKey: Int { pieces.first?.start ?? 0 }
}
