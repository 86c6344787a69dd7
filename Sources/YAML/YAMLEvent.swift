/// What libyaml reports while it reads a file.
struct YAMLEvent {
  enum Kind {
    case documentStart
    case documentEnd
    case streamEnd
    case alias(String)
    case scalar(String, YAMLScalar.Style)
    case sequenceStart
    case sequenceEnd
    case mappingStart(isFlow: Bool)
    case mappingEnd
  }

  var kind: Kind
  var start: YAMLMark
  var end: YAMLMark
  /// The name after `&`.
  var anchor: String?
  /// The tag in full, `tag:yaml.org,2002:str` or `!local`; nil where none is written.
  var tag: String?
}

/// What libyaml says about a text that it cannot read.
struct YAMLComplaint: Error {
  var problem: String
  var mark: YAMLMark
  /// What it was reading, and since where.
  var context: String?
  var contextMark: YAMLMark?
}
