/// A stretch of a file on one line.
public struct Place: Sendable, Hashable, Comparable {
  /// From 1.
  public var line: Int
  /// In characters, from 1.
  public var column: Int
  /// In characters; at least 1.
  public var length: Int

  /// A stretch of `length` characters.
  public init(line: Int, column: Int, length: Int = 1) {
    self.line = line
    self.column = column
    self.length = max(1, length)
  }

  /// In the order of the file.
  public static func < (left: Place, right: Place) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// A value with its place in the file.
public struct Located<Value: Sendable>: Sendable {
  /// What stands there.
  public var value: Value
  /// Where it stands.
  public var place: Place

  init(_ value: Value, at place: Place) {
    self.value = value
    self.place = place
  }
}

extension Located: Equatable where Value: Equatable {}

/// Something that is wrong with a document, or unwise in it.
public struct Diagnostic: Sendable, Hashable {
  /// How much it matters.
  public enum Severity: String, Sendable {
    /// The document can't be used.
    case error
    /// It can be used, and may not do what its author wants.
    case warning
  }

  /// How much it matters.
  public var severity: Severity
  /// The file's name, as the user gave it.
  public var file: String
  /// Where in the file.
  public var place: Place
  /// What is wrong, what was expected, and the nearest name; one sentence without an end.
  public var message: String

  /// A diagnostic at a place of a file.
  public init(_ severity: Severity, file: String, at place: Place, _ message: String) {
    self.severity = severity
    self.file = file
    self.place = place
    self.message = message
  }

  /// `backup.yaml:12:9: error: unknown key 'need'; did you mean 'needs'?`
  public var headline: String { "\(file):\(place.line):\(place.column): \(severity.rawValue): \(message)" }
}

extension Diagnostic {
  /// The headline, then the line at fault with a mark below it.
  ///
  /// - Parameter source: The lines of the file; nil, or a line that is not there, leaves them out.
  public func text(source: ((Int) -> Substring?)?) -> String {
    guard let line = source?(place.line) else { return headline }
    let widest = 160
    // A tab would move the mark; control characters could move the cursor.
    let shown = line.unicodeScalars.prefix(widest).map {
      $0.properties.generalCategory == .control ? " " : String($0)
    }
    let number = String(place.line)
    let gutter = String(repeating: " ", count: max(5, number.count + 1))
    let start = min(place.column - 1, shown.count)
    let length = max(1, min(place.length, shown.count - start))
    let mark = String(repeating: " ", count: start) + "^" + String(repeating: "~", count: length - 1)
    return """
      \(headline)
      \(gutter.dropLast(number.count))\(number) | \(shown.joined())
      \(gutter) | \(mark)
      """
  }
}
