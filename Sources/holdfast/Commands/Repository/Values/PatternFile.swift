internal import CommandSyntax
internal import FileSystem

/// Patterns of paths, from options and files.
enum PatternFile {
  /// The patterns in a file: one a line; empty lines and those that begin with `#` are remarks.
  static func read(_ path: String) async throws -> [String] {
    let text = String(decoding: try await readSmallFile(path, "file of patterns", limit: 16 << 20), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map { line in
      let isSpace = { (character: Character) in character.isWhitespace }
      return String(line.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
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
