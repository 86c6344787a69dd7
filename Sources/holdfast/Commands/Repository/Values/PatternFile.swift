internal import CommandSyntax
internal import FileSystem
internal import Glibc

/// Patterns of paths, from options and files.
enum PatternFile {
  /// The patterns in a file: one a line; empty lines and those that begin with `#` are remarks. Variables that a pattern
  /// names stand for what the environment holds; a note tells of each that it doesn't have.
  static func read(_ path: String, _ arguments: ParsedArguments) async throws -> [String] {
    let contents = try await readSmallFile(path, "file of patterns", limit: 16 << 20)
    var damaged: String?
    let (patterns, unset) = try parse(contents, path) { name in
      guard let value = getenv(name) else { return nil }
      if let text = String(validatingCString: value) { return text }
      damaged = damaged ?? name
      return ""
    }
    if let damaged {
      throw CommandFailure(
        .usage,
        "the file of patterns \(path) names the variable '\(damaged)', whose value is not UTF-8; write the pattern without it, "
          + "with a * in the place of what is no text")
    }
    for name in unset {
      arguments.note(
        "the file of patterns \(path) names the variable '\(name)', which is not set and stands for nothing; write $$ for a "
          + "dollar")
    }
    return patterns
  }

  /// The patterns in a file's contents, and the variables that they name and the environment doesn't have.
  /// - Throws: `CommandFailure` for a line that is no text.
  static func parse(
    _ contents: [UInt8], _ path: String, environment: (String) -> String?
  ) throws(CommandFailure) -> (patterns: [String], unset: [String]) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let written = contents.dropFirst(contents.starts(with: mark) ? mark.count : 0).split(separator: UInt8(ascii: "\n"))
    // What a remark says is nobody's business.
    let wanted = written.filter { line in line.first(where: { $0 > 32 }) != UInt8(ascii: "#") }
    let texts = try textLines(wanted, "file of patterns \(path)", advice: "put a * in the place of what is no text")
    let lines = texts.flatMap { $0.split(whereSeparator: \.isNewline) }.map { line in
      let isSpace = { (character: Character) in character.isWhitespace }
      return String(line.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
    var unset: [String] = []
    let patterns = lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { line in
      expandingVariables(in: line) { name in
        if name == "$" { return "$" }
        if let value = environment(name) { return value }
        if !unset.contains(name) { unset.append(name) }
        return ""
      }
    }
    // An empty pattern would fit everything.
    return (patterns.filter { !$0.isEmpty }, unset)
  }

  /// All of them, in their order.
  /// - Throws: `CommandFailure` for a text that is no pattern.
  static func patterns(_ texts: [String], ignoringCase caseless: [String]) throws -> PathPatterns {
    var patterns = PathPatterns()
    do {
      for text in texts { try patterns.add(text) }
      for text in caseless { try patterns.add(text, ignoringCase: true) }
    } catch {
      throw CommandFailure(.usage, error.description)
    }
    return patterns
  }
}

/// Puts in what `value` gives for each `$NAME` and `${NAME}`. What is neither is treated as Go's `os.Expand` does, since
/// restic reads the same files: a dollar before anything else stays, and an unfinished `${` goes.
private func expandingVariables(in line: String, _ value: (String) -> String) -> String {
  var result: [UInt8] = []
  var rest = Array(line.utf8)[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "$"), !rest.isEmpty else {
      result.append(byte)
      continue
    }
    let (name, length) = variableName(rest)
    rest = rest.dropFirst(length)
    if !name.isEmpty {
      result += value(String(decoding: name, as: UTF8.self)).utf8
    } else if length == 0 {
      result.append(byte)
    }
  }
  return String(decoding: result, as: UTF8.self)
}

/// The name at the beginning of what follows a dollar, and how many bytes it takes with its braces.
private func variableName(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, length: Int) {
  let isSpecial = { (byte: UInt8) in "*#$@!?-0123456789".utf8.contains(byte) }
  let isLetter = { (byte: UInt8) in
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
  }
  guard let first = text.first else { return ([], 0) }
  if first == UInt8(ascii: "{") {
    guard let end = text.firstIndex(of: UInt8(ascii: "}")) else { return ([], 1) }
    let name = text[(text.startIndex + 1)..<end]
    return (name, name.count + 2)
  }
  if isSpecial(first) { return (text.prefix(1), 1) }
  let name = text.prefix(while: isLetter)
  return (name, name.count)
}
