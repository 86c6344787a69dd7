/// Collects the header lines of one transfer as curl hands them over.
struct ResponseHead {
  /// More header bytes than this are refused, so that a server cannot fill our memory with them.
  static let limit = 256 << 10

  private(set) var headers = HTTPHeaders()
  private var size = 0

  /// Takes one line, with or without its line end.
  /// - Returns: false if the headers have become too large.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    size += line.count
    guard size <= Self.limit else { return false }
    let text = trimmed(String(decoding: line, as: UTF8.self)[...])
    if text.hasPrefix("HTTP/") {
      // A new answer begins: the one after a redirect or after `100 Continue`.
      headers = HTTPHeaders()
    } else if let colon = text.firstIndex(of: ":") {
      headers.append(String(text[..<colon]), String(trimmed(text[text.index(after: colon)...])))
    }
    return true
  }

  private func trimmed(_ text: Substring) -> Substring {
    // "\r\n" is a single Character in Swift.
    let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
    var text = text.drop(while: blank)
    while let last = text.last, blank(last) { text.removeLast() }
    return text
  }
}
