public import JSON

/// A place in a file, as editors show it.
public struct YAMLMark: Sendable, Hashable, Comparable {
  /// The line, from 1.
  public var line: Int
  /// The column in characters (Unicode scalars, not bytes), from 1.
  public var column: Int

  /// A place.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Whether `left` stands before `right`.
  public static func < (left: YAMLMark, right: YAMLMark) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of a file, with its place.
///
/// Aliases and merge keys are resolved already; what they bring in keeps the place where it was written.
public struct YAMLNode: Sendable {
  /// What a node is.
  public enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLPair])
  }

  /// What the node is.
  public var content: Content
  /// Where its first character is.
  public var start: YAMLMark
  /// Where it has ended: behind its last character.
  public var end: YAMLMark
  /// The tag that was written before it, as `!!str`; nil for most nodes.
  public var tag: String?

  /// A node.
  public init(content: Content, start: YAMLMark, end: YAMLMark, tag: String? = nil) {
    self.content = content
    self.start = start
    self.end = end
    self.tag = tag
  }
}

/// A key of a mapping and its value.
public struct YAMLPair: Sendable {
  /// The key; always a scalar, of which the text counts.
  public var key: YAMLNode
  /// The value.
  public var value: YAMLNode

  /// A pair.
  public init(key: YAMLNode, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

extension YAMLNode {
  /// The value without its places. Keys are taken as text: `1: a` has the key "1".
  public var json: JSONValue {
    switch content {
    case .scalar(let scalar): scalar.resolved
    case .sequence(let elements): .array(elements.map(\.json))
    case .mapping(let pairs):
      .object(Dictionary(pairs.map { ($0.key.text ?? "", $0.value.json) }, uniquingKeysWith: { first, _ in first }))
    }
  }

  /// The value of the key `key` of a mapping; nil for other nodes and missing keys.
  public subscript(key: String) -> YAMLNode? { pairs?.first { $0.key.text == key }?.value }

  /// The scalar, if this is one.
  public var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
  /// The elements, if this is a sequence.
  public var elements: [YAMLNode]? { if case .sequence(let elements) = content { elements } else { nil } }
  /// Keys and values in the order of the file, if this is a mapping.
  public var pairs: [YAMLPair]? { if case .mapping(let pairs) = content { pairs } else { nil } }

  /// The text of a scalar of any kind: "3" for `3`.
  public var text: String? { scalar?.text }
  /// The string, if this is one: nil for `3` and for `true`.
  public var string: String? { scalar?.resolved.string }
  /// The whole number, if this is one.
  public var int: Int64? { scalar?.resolved.int }
  /// The number, if this is one.
  public var double: Double? { scalar?.resolved.double }
  /// The truth value, if this is one: `true` or `false`, not `yes` or `on`.
  public var bool: Bool? { scalar?.resolved.bool }
  /// Whether this is null: `null`, `~`, or nothing behind a colon.
  public var isNull: Bool { scalar?.resolved == .null }

  /// What kind of value this is, for messages: "a list".
  public var kind: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(let scalar):
      switch scalar.resolved {
      case .null: "empty"
      case .bool: "true or false"
      case .int: "a whole number"
      case .double: "a number"
      default: "text"
      }
    }
  }
}
