/// Reads the little XML that S3 answers with: elements and text. Not a full parser: attributes are skipped, and a document
/// type, with which hostile documents grow, is refused.
struct XMLReader {
  /// What comes next in a document.
  enum Event: Equatable {
    /// An element begins; the name without a prefix.
    case start(String)
    /// An element ends.
    case end
    /// Text, entities resolved. One text may come in pieces.
    case text(String)
  }

  /// Bytes that are not the XML we read.
  struct Malformed: Error, Equatable {
    let reason: String
  }

  /// Deeper documents are refused.
  static let depthLimit = 32

  private let bytes: [UInt8]
  private var position = 0
  private var open: [Substring.UTF8View] = []
  /// Whether `<name/>` was read, whose end is still to be told.
  private var endsAtOnce = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next event, or nil at the end of a whole document.
  mutating func next() throws(Malformed) -> Event? {
    if endsAtOnce {
      endsAtOnce = false
      open.removeLast()
      return .end
    }
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else { return .text(try plainText()) }
      if starts("<?") {
        try skip(past: "?>")
      } else if starts("<!--") {
        try skip(past: "-->")
      } else if starts("<![CDATA[") {
        position += 9
        let begin = position
        try skip(past: "]]>")
        return .text(String(decoding: bytes[begin..<position - 3], as: UTF8.self))
      } else if starts("<!") {
        throw Malformed(reason: "it holds a document type")
      } else {
        return try tag()
      }
    }
    guard open.isEmpty else { throw Malformed(reason: "it ends before its elements do") }
    return nil
  }

  private mutating func tag() throws(Malformed) -> Event {
    let begin = position + 1
    try skip(past: ">")
    var inside = bytes[begin..<position - 1]
    let closes = inside.first == UInt8(ascii: "/")
    if closes { inside = inside.dropFirst() }
    let isEmpty = inside.last == UInt8(ascii: "/")
    if isEmpty { inside = inside.dropLast() }
    let full = inside.prefix { !isBlank($0) }
    guard !full.isEmpty else { throw Malformed(reason: "it holds a tag without a name") }
    let name = String(decoding: full, as: UTF8.self)
    if closes {
      guard let last = open.popLast(), last.elementsEqual(name.utf8) else {
        throw Malformed(reason: "an element ends that did not begin")
      }
      return .end
    }
    guard open.count < Self.depthLimit else { throw Malformed(reason: "it is nested too deeply") }
    open.append(name[...].utf8)
    endsAtOnce = isEmpty
    return .start(String(name.split(separator: ":").last ?? ""))
  }

  private mutating func plainText() throws(Malformed) -> String {
    let begin = position
    var result: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
      if bytes[position] == UInt8(ascii: "&") {
        result += try entity()
      } else {
        let plain = bytes[position...].prefix { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
        result += plain
        position += plain.count
      }
    }
    guard
      !open.isEmpty || result.allSatisfy(isBlank)
        || begin == 0 && result.starts(with: [0xef, 0xbb, 0xbf]) && result.count == 3
    else {
      throw Malformed(reason: "text stands outside of its elements")
    }
    return String(decoding: result, as: UTF8.self)
  }

  private mutating func entity() throws(Malformed) -> [UInt8] {
    // The longest is &#1114111;
    guard let end = bytes[position..<min(position + 12, bytes.count)].firstIndex(of: UInt8(ascii: ";")) else {
      throw Malformed(reason: "an entity does not end")
    }
    let name = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    position = end + 1
    switch name {
    case "amp": return [UInt8(ascii: "&")]
    case "lt": return [UInt8(ascii: "<")]
    case "gt": return [UInt8(ascii: ">")]
    case "quot": return [UInt8(ascii: "\"")]
    case "apos": return [UInt8(ascii: "'")]
    default:
      let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst(1))
      guard name.hasPrefix("#"), let number, let scalar = Unicode.Scalar(number) else {
        throw Malformed(reason: "it holds an unknown entity")
      }
      return Array(String(scalar).utf8)
    }
  }

  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[position...].starts(with: $0) }
  }

  private mutating func skip(past end: StaticString) throws(Malformed) {
    let found = end.withUTF8Buffer { end -> Int? in
      var index = position
      while index + end.count <= bytes.count {
        if bytes[index] == end[0], bytes[index..<index + end.count].elementsEqual(end) { return index + end.count }
        index += 1
      }
      return nil
    }
    guard let found else { throw Malformed(reason: "it is cut off") }
    position = found
  }
}

extension XMLReader {
  /// Calls `body` with the path (`ListBucketResult/Contents/Key`) and the text of every element, when it ends.
  static func forEachElement(
    in bytes: [UInt8], _ body: (_ path: String, _ text: String) -> Void
  ) throws(Malformed) {
    var reader = XMLReader(bytes)
    var paths: [String] = []
    var texts: [String] = []
    while let event = try reader.next() {
      switch event {
      case .start(let name):
        paths.append(paths.last.map { "\($0)/\(name)" } ?? name)
        texts.append("")
      case .text(let text):
        if !texts.isEmpty { texts[texts.count - 1] += text }
      case .end:
        if let path = paths.popLast(), let text = texts.popLast() { body(path, text) }
      }
    }
  }
}
