internal import Wording

/// A file that is not YAML, or YAML that Holdfast does not read.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong and what to write instead, for people who have not read the YAML specification.
  public var message: String
  /// The place of the mistake.
  public var mark: YAMLMark
  /// The name of the file.
  public var file: String

  /// An error.
  public init(message: String, mark: YAMLMark, file: String) {
    self.message = message
    self.mark = mark
    self.file = file
  }

  /// `backup.yaml:3:7: error: …`
  public var description: String { "\(file):\(mark.line):\(mark.column): error: \(message)" }
}

/// What a file may not exceed: guards against files that are made to exhaust memory.
public struct YAMLLimits: Sendable, Hashable {
  /// How many bytes of text; twice as many after aliases are replaced by what they stand for.
  public var bytes: Int
  /// How many levels of lists and mappings inside of each other.
  public var depth: Int
  /// How many values (keys count, too) there are after aliases are replaced by what they stand for.
  public var nodes: Int

  /// Limits that no file written by hand comes near.
  public init(bytes: Int = 8 << 20, depth: Int = 64, nodes: Int = 500_000) {
    self.bytes = bytes
    self.depth = depth
    self.nodes = nodes
  }
}
