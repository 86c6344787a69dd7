extension Function {
  /// Wrapping and shortening. All of them count bytes, as in Go.
  static let sprigWrapping: [Function] = [
    Function("wrap", .int, .string) { .string(try wrapped($0.string(1), $0.int(0), "\n", false, $0)) },
    Function("wrapWith", .int, .string, .string) {
      .string(try wrapped($0.string(2), $0.int(0), $0.string(1), true, $0))
    },
    Function("abbrev", .int, .string) { .string(abbreviated($0.string(1), from: 0, width: $0.int(0))) },
    Function("abbrevboth", .int, .int, .string) { arguments in
      let (start, width, text) = (arguments.int(0), arguments.int(1), arguments.string(2))
      return .string(start > 0 && width < 7 ? text : abbreviated(text, from: start, width: width))
    },
  ]

  private static func wrapped(
    _ text: String, _ width: Int, _ lineBreak: String, _ breaksWords: Bool, _ arguments: Arguments
  ) throws -> String {
    let bytes = Array(text.utf8)
    let width = max(1, width)
    let lineBreak = Array((lineBreak.isEmpty ? "\n" : lineBreak).utf8)
    // Two lines together are longer than the width.
    try arguments.checkSize((bytes.count / width * 2 + 2).multipliedOrMax(by: lineBreak.count))
    let space = UInt8(ascii: " ")
    var result: [UInt8] = []
    var start = 0
    while bytes.count - start > width {
      if bytes[start] == space {
        start += 1
      } else if let end = bytes[start...(start + width)].lastIndex(of: space) {
        result += bytes[start..<end] + lineBreak
        start = end + 1
      } else if breaksWords {
        result += bytes[start..<start + width] + lineBreak
        start += width
      } else if let end = bytes[(start + width)...].firstIndex(of: space) {
        result += bytes[start..<end] + lineBreak
        start = end + 1
      } else {
        result += bytes[start...]
        start = bytes.count
      }
    }
    return String(decoding: result + bytes[start...], as: UTF8.self)
  }

  /// At most `width` bytes of a text, from about `start` on, with dots where it was cut.
  private static func abbreviated(_ text: String, from start: Int, width: Int) -> String {
    let size = text.utf8.count
    guard width >= 4, size > width else { return text }
    var start = max(0, min(start, size))
    let kept = width - 3
    if size - start <= kept { start = size - kept }
    if start <= 4 { return cut(text, from: 0, to: kept) + "..." }
    if width < 7 { return "" }
    if start + kept < size {
      return "..." + abbreviated(cut(text, from: start, to: size), from: 0, width: kept)
    }
    return "..." + cut(text, from: size - kept, to: size)
  }
}
