/// A parser under test.
protocol FuzzTarget: Sendable {
  /// Good and broken inputs to begin with.
  static var corpus: [[UInt8]] { get }
  /// Words that mean something to the parser.
  static var dictionary: [[UInt8]] { get }
  /// Words that open a level of nesting, each with the one that closes it.
  static var nestings: [(String, String)] { get }

  /// Feeds the parser with one input.
  /// - Returns: whether it was accepted.
  /// - Throws: `FuzzFinding` if something does not hold that must.
  static func feed(_ input: [UInt8]) throws(FuzzFinding) -> FuzzVerdict
}

/// What became of an input.
enum FuzzVerdict: Sendable, Hashable {
  case accepted
  case rejected
  /// Parsed, but it ended with an error when it was run.
  case failed
  /// Rejected with this sentence, which explains nothing.
  case unexplained(String)
}

/// Something that must hold and does not.
struct FuzzFinding: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
