/// Patterns for paths, with restic's rules.
///
/// A pattern that begins with `/` fits from the root on; any other fits anywhere in a path. `**` stands for any number of
/// folders. What fits a folder fits all that is in it. One that begins with `!` takes back what an earlier one has chosen.
public struct PathPatterns: Sendable {
  /// A text that is no pattern.
  public struct BadPattern: Error, Sendable, CustomStringConvertible {
    /// What was written.
    public let pattern: String
    /// One sentence.
    public var description: String {
      "the pattern '\(pattern)' is not complete: a '[' is not closed or empty, or it ends with '\\'"
    }
  }

  private enum Part: Sendable {
    case folders
    case name(Glob)
  }

  private struct Pattern: Sendable {
    let text: String
    var parts: [Part] = []
    var isAnchored = false
    var isNegated = false
    var ignoresCase = false
  }

  private var patterns: [Pattern] = []
  private var ignoresCase = false

  /// No patterns: nothing fits.
  public init() {}

  /// Whether there are none.
  public var isEmpty: Bool { patterns.isEmpty }

  /// Those that choose, and not those that take back.
  public var choosing: PathPatterns {
    var patterns = self
    patterns.patterns.removeAll(where: \.isNegated)
    return patterns
  }

  /// The patterns as they were written.
  public var texts: [String] { patterns.map(\.text) }

  /// The pattern that only what has this name in the root fits, whatever letters the name has.
  package static func text(ofName name: String) -> String {
    var text = "/"
    for letter in name.unicodeScalars {
      if ["\\", "*", "?", "["].contains(letter) { text.unicodeScalars.append("\\") }
      text.unicodeScalars.append(letter)
    }
    return text
  }

  /// Adds a pattern.
  /// - Parameter ignoringCase: whether large and small letters are the same.
  public mutating func add(_ text: String, ignoringCase: Bool = false) throws(BadPattern) {
    var pattern = Pattern(text: text, ignoresCase: ignoringCase)
    var rest = Array((ignoringCase ? text.lowercased() : text).utf8)[...]
    if rest.first == UInt8(ascii: "!") {
      pattern.isNegated = true
      rest.removeFirst()
    }
    pattern.isAnchored = rest.first == UInt8(ascii: "/")
    for piece in rest.split(separator: UInt8(ascii: "/")) where piece != [UInt8(ascii: ".")] {
      if piece == [UInt8(ascii: "*"), UInt8(ascii: "*")] {
        pattern.parts.append(.folders)
      } else {
        guard let glob = Glob(Array(piece)) else { throw BadPattern(pattern: text) }
        pattern.parts.append(.name(glob))
      }
    }
    if pattern.parts.isEmpty { pattern.parts = [.folders] }
    patterns.append(pattern)
    ignoresCase = ignoresCase || ignoringCase
  }

  /// Whether a path (the names of its folders, from the root, and its own) or a folder above it fits.
  public func matches(_ path: [[UInt8]]) -> Bool {
    let lowered = ignoresCase ? path.map(lowercased) : path
    var result = false
    for pattern in patterns where pattern.isNegated == result {
      let names = pattern.ignoresCase ? lowered : path
      if Self.fits(pattern, names) { result = !pattern.isNegated }
    }
    return result
  }

  /// Forgets the patterns that a path or a folder above it fits, so that in the end those are left that nothing has fitted.
  public mutating func removeAll(fitting path: [[UInt8]]) {
    let lowered = ignoresCase ? path.map(lowercased) : path
    patterns.removeAll { Self.fits($0, $0.ignoresCase ? lowered : path) }
  }

  /// Whether something below a folder can fit, if the folder itself doesn't.
  public func mayMatchBelow(_ path: [[UInt8]]) -> Bool {
    let lowered = ignoresCase ? path.map(lowercased) : path
    return patterns.contains { pattern in
      guard !pattern.isNegated else { return false }
      guard pattern.isAnchored else { return true }
      return Self.beginsWith(pattern.parts[...], (pattern.ignoresCase ? lowered : path)[...])
    }
  }

  private static func fits(_ pattern: Pattern, _ path: [[UInt8]]) -> Bool {
    if pattern.isAnchored { return fitsBeginning(pattern.parts[...], path[...]) }
    return path.indices.contains { fitsBeginning(pattern.parts[...], path[$0...]) }
  }

  /// Whether the parts fit the first names of a path, whatever follows.
  private static func fitsBeginning(_ parts: ArraySlice<Part>, _ path: ArraySlice<[UInt8]>) -> Bool {
    guard let first = parts.first else { return true }
    switch first {
    case .folders:
      let rest = parts.dropFirst()
      // At the end it stands for all that is in a folder.
      if rest.isEmpty { return !path.isEmpty }
      return (path.startIndex...path.endIndex).contains { fitsBeginning(rest, path[$0...]) }
    case .name(let glob):
      guard let name = path.first, glob.matches(name) else { return false }
      return fitsBeginning(parts.dropFirst(), path.dropFirst())
    }
  }

  /// Whether a path's names are what the parts begin with.
  private static func beginsWith(_ parts: ArraySlice<Part>, _ path: ArraySlice<[UInt8]>) -> Bool {
    guard let name = path.first else { return true }
    switch parts.first {
    case nil, .folders?: return true
    case .name(let glob)?: return glob.matches(name) && beginsWith(parts.dropFirst(), path.dropFirst())
    }
  }
}

private func lowercased(_ name: [UInt8]) -> [UInt8] {
  let text = String(decoding: name, as: UTF8.self)
  // What isn't UTF-8 has no letters but ASCII's.
  guard Array(text.utf8) == name else { return name.map { (65...90).contains($0) ? $0 + 32 : $0 } }
  return Array(text.lowercased().utf8)
}
