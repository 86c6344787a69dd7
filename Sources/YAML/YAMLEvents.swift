internal import CYAML

/// A libyaml parser over one text: its only owner.
struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let pairs: SurrogatePairs?
  /// Where the text ends: libyaml adds a line at the end of a text that does not end with one.
  private let endOfText: YAMLMark

  init(_ source: YAMLSource) throws(YAMLComplaint) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw YAMLComplaint(problem: "out of memory", mark: YAMLMark(line: 1, column: 1))
    }
    // libyaml reads while the text's own storage can't be borrowed across calls.
    let pairs = SurrogatePairs(source.text)
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: source.text.utf8.count)
    let count =
      pairs.map { bytes.initialize(fromContentsOf: $0.bytes) } ?? bytes.initialize(from: source.text.utf8).index
    yaml_parser_set_input_string(parser, bytes.baseAddress, count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    self.parser = parser
    self.bytes = bytes
    self.pairs = pairs
    endOfText = source.end
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    bytes.deallocate()
  }

  /// The next event; after `streamEnd` or an error there are no more.
  func next() throws(YAMLComplaint) -> YAMLEvent {
    while true {
      var raw = yaml_event_t()
      guard yaml_parser_parse(parser, &raw) == 1 else { throw complaint() }
      defer { yaml_event_delete(&raw) }
      if let event = convert(raw) { return event }
    }
  }

  /// Nil for events that say nothing.
  private func convert(_ raw: yaml_event_t) -> YAMLEvent? {
    var anchor: UnsafeMutablePointer<yaml_char_t>?
    var tag: UnsafeMutablePointer<yaml_char_t>?
    let kind: YAMLEvent.Kind
    switch raw.type {
    case YAML_SCALAR_EVENT:
      let scalar = raw.data.scalar
      (anchor, tag) = (scalar.anchor, scalar.tag)
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      kind = .scalar(text, style(scalar.style))
    case YAML_MAPPING_START_EVENT:
      (anchor, tag) = (raw.data.mapping_start.anchor, raw.data.mapping_start.tag)
      kind = .mappingStart(isFlow: raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      (anchor, tag) = (raw.data.sequence_start.anchor, raw.data.sequence_start.tag)
      kind = .sequenceStart
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_ALIAS_EVENT: kind = .alias(String(cString: raw.data.alias.anchor))
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    default: return nil
    }
    return YAMLEvent(
      kind: kind, start: mark(raw.start_mark), end: mark(raw.end_mark),
      anchor: anchor.map { String(cString: $0) }, tag: tag.map { String(cString: $0) })
  }

  private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: .literal
    case YAML_FOLDED_SCALAR_STYLE: .folded
    default: .plain
    }
  }

  private func complaint() -> YAMLComplaint {
    let failed = parser.pointee
    return YAMLComplaint(
      problem: failed.problem.map { String(cString: $0) } ?? "out of memory", mark: mark(failed.problem_mark),
      context: failed.context.map { String(cString: $0) },
      contextMark: failed.context.map { _ in mark(failed.context_mark) })
  }

  /// libyaml counts from 0.
  private func mark(_ raw: yaml_mark_t) -> YAMLMark {
    let mark = YAMLMark(line: Int(clamping: raw.line) + 1, column: Int(clamping: raw.column) + 1)
    return min(pairs?.original(mark) ?? mark, endOfText)
  }
}
