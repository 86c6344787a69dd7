/// A file of YAML documents, or of JSON, which is YAML.
///
/// Anchors, aliases and merge keys (`<<`) are resolved. Errors, each with its place: what is not YAML, the same key twice in a
/// mapping, keys that are not text, tags other than the core ones (`!!str 3` is a string), and what exceeds the limits.
public struct YAMLFile: Sendable {
  /// The name that errors give.
  public var name: String
  /// The text as it was given, without a byte order mark.
  public var text: String
  /// The documents between `---` lines; empty ones are left out.
  public var documents: [YAMLNode]

  /// Reads a file.
  /// - Throws: `YAMLError` for the first mistake.
  public init(_ text: String, name: String, limits: YAMLLimits = .init()) throws(YAMLError) {
    self.name = name
    self.text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    let source = YAMLSource(text: self.text, name: name)
    try source.check(limits)
    var composer = try YAMLComposer(source: source, limits: limits)
    documents = try composer.documents()
  }

  /// Reads a file from its bytes, which must be UTF-8.
  /// - Throws: `YAMLError` for the first mistake.
  public init(bytes: [UInt8], name: String, limits: YAMLLimits = .init()) throws(YAMLError) {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw YAMLError(
        message: "the file is UTF-16; save it as UTF-8", mark: YAMLMark(line: 1, column: 1), file: name)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw YAMLSource(text: String(decoding: bytes, as: UTF8.self), name: name).invalidUTF8(in: bytes)
    }
    try self.init(text, name: name, limits: limits)
  }

  /// The text of a line, from 1, without its end; nil outside of the file.
  public func line(_ number: Int) -> Substring? { YAMLSource(text: text, name: name).line(number) }
}
