internal import JSON

/// Writes values as Go's encoding/json does.
struct GoJSONWriter {
  /// Whether `<`, `>` and `&` are escaped, as Go does unless told otherwise.
  var escapesHTML = true
  /// What a level of a text for people is indented by; nil for compact text.
  var indent: String?
  private var output: [UInt8] = []
  private let sizeLimit: Int

  /// What has no JSON: NaN, infinities, and what is too large or too deep.
  struct WritingError: Error, CustomStringConvertible {
    let description: String
  }

  private init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

  /// The JSON of a value, in at most `sizeLimit` bytes.
  static func text(
    of value: Value, escapesHTML: Bool = true, indent: String? = nil, sizeLimit: Int
  ) throws(WritingError) -> String {
    var writer = GoJSONWriter(sizeLimit: sizeLimit)
    writer.escapesHTML = escapesHTML
    writer.indent = indent
    try writer.write(value, depth: 0)
    return String(decoding: writer.output, as: UTF8.self)
  }

  private mutating func write(_ value: Value, depth: Int) throws(WritingError) {
    guard output.count <= sizeLimit, depth < SprigLimits.nesting else {
      throw WritingError(
        description:
          "the JSON would be longer than \(sizeLimit) bytes, or nested more than \(SprigLimits.nesting) levels deep")
    }
    switch value {
    case .null, .nilPointer: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .int(let value): append(String(value))
    case .int64(let value): append(String(value))
    case .byte(let value): append(String(value))
    case .float(let value): try write(value)
    case .string(let value): write(value)
    case .bytes(let value): write(BaseEncoding.base64.encode(value))
    case .list(let list):
      if list.isNil { return append("null") }
      try writeGroup("[", "]", list.elements, depth: depth) { (writer, element) throws(WritingError) in
        try writer.write(element, depth: depth + 1)
      }
    case .map(let map):
      if map.isNil { return append("null") }
      try writeMembers(map.sortedKeys.map { ($0, map.entries[$0] ?? .null) }, depth: depth)
    case .structure(let value):
      try writeMembers(zip(value.type.fields, value.fields).map { ($0.name, $1) }, depth: depth)
    case .object(let object): try write(Value(object.json), depth: depth + 1)
    }
  }

  private mutating func writeMembers(_ members: [(String, Value)], depth: Int) throws(WritingError) {
    try writeGroup("{", "}", members, depth: depth) { (writer, member) throws(WritingError) in
      writer.write(member.0)
      writer.append(writer.indent == nil ? ":" : ": ")
      try writer.write(member.1, depth: depth + 1)
    }
  }

  private mutating func writeGroup<Element>(
    _ start: String, _ end: String, _ elements: [Element], depth: Int,
    _ write: (inout GoJSONWriter, Element) throws(WritingError) -> Void
  ) throws(WritingError) {
    append(start)
    for (index, element) in elements.enumerated() {
      if index > 0 { append(",") }
      breakLine(depth: depth + 1)
      try write(&self, element)
    }
    if !elements.isEmpty { breakLine(depth: depth) }
    append(end)
  }

  private mutating func breakLine(depth: Int) {
    if let indent { append("\n" + String(repeating: indent, count: depth)) }
  }

  private mutating func write(_ number: Double) throws(WritingError) {
    guard number.isFinite else { throw WritingError(description: "\(shortestText(of: number)) has no JSON") }
    let (digits, exponent) = shortestDigits(of: number.magnitude)
    let isLong = number != 0 && (number.magnitude < 1e-6 || number.magnitude >= 1e21)
    append(number.sign == .minus ? "-" : "")
    append(isLong ? scientific(digits, exponent, leastExponentDigits: 1) : positional(digits, exponent))
  }

  private mutating func write(_ text: String) {
    append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case "\u{08}": append("\\b")
      case "\u{0C}": append("\\f")
      case "<" where escapesHTML, ">" where escapesHTML, "&" where escapesHTML, "\u{00}"..."\u{1F}", "\u{2028}",
        "\u{2029}":
        append("\\u" + hexadecimal(scalar.value, digits: 4))
      default: output += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { output += text.utf8 }
}
