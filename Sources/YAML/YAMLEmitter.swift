internal import CYAML

/// A libyaml emitter that writes one document into a string: its only owner.
struct YAMLEmitter: ~Copyable {
  /// Where libyaml writes to.
  private final class Output {
    var bytes: [UInt8] = []
  }

  private let emitter: UnsafeMutablePointer<yaml_emitter_t>
  private let output = Output()
  /// Whether every event so far was taken; libyaml only refuses for want of memory, or of order among the events.
  private(set) var isSound: Bool

  init() {
    emitter = .allocate(capacity: 1)
    isSound = yaml_emitter_initialize(emitter) == 1
    guard isSound else { return }
    let write: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int32 = {
      context, bytes, count in
      guard let context else { return 0 }
      let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
      output.bytes.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
      return 1
    }
    yaml_emitter_set_output(emitter, write, Unmanaged.passUnretained(output).toOpaque())
    yaml_emitter_set_unicode(emitter, 1)
    yaml_emitter_set_width(emitter, -1)
    yaml_emitter_set_break(emitter, YAML_LN_BREAK)
    emit { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
    emit { yaml_document_start_event_initialize(&$0, nil, nil, nil, 1) }
  }

  deinit {
    yaml_emitter_delete(emitter)
    emitter.deallocate()
  }

  mutating func scalar(_ text: String, _ style: YAMLScalar.Style) {
    var text = text
    let raw =
      switch style {
      case .plain: YAML_PLAIN_SCALAR_STYLE
      case .singleQuoted: YAML_SINGLE_QUOTED_SCALAR_STYLE
      case .doubleQuoted: YAML_DOUBLE_QUOTED_SCALAR_STYLE
      case .literal: YAML_LITERAL_SCALAR_STYLE
      case .folded: YAML_FOLDED_SCALAR_STYLE
      }
    emit { event in
      text.withUTF8 {
        yaml_scalar_event_initialize(&event, nil, nil, $0.baseAddress, Int32(clamping: $0.count), 1, 1, raw)
      }
    }
  }

  mutating func startSequence() {
    emit { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
  }
  mutating func endSequence() { emit { yaml_sequence_end_event_initialize(&$0) } }
  mutating func startMapping() {
    emit { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
  }
  mutating func endMapping() { emit { yaml_mapping_end_event_initialize(&$0) } }

  /// What was written; nil if something went wrong.
  consuming func finish() -> String? {
    emit { yaml_document_end_event_initialize(&$0, 1) }
    emit { yaml_stream_end_event_initialize(&$0) }
    return isSound ? String(decoding: output.bytes, as: UTF8.self) : nil
  }

  private mutating func emit(_ initialize: (inout yaml_event_t) -> Int32) {
    guard isSound else { return }
    var event = yaml_event_t()
    // The emitter takes the event over, also if it fails.
    isSound = initialize(&event) == 1 && yaml_emitter_emit(emitter, &event) == 1
  }
}
