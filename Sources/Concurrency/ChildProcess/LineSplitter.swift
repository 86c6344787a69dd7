import Glibc

/// A line that a line handler gets.
public enum OutputLine {
  /// What was kept of a line that was too long, and the note that stands for the rest; nil for a whole line.
  public static func parts(of line: String) -> (kept: Substring, note: Substring)? {
    guard line.hasSuffix(noteEnd), let start = line.unicodeScalars.lastIndex(of: "…") else { return nil }
    return (line[..<start], line[start...])
  }

  fileprivate static func note(_ cut: Int) -> String { "… (\(cut)\(noteEnd)" }
  private static let noteEnd = " bytes more)"
}

/// Cuts a stream of bytes into lines. A line beyond the limit loses its end, and says how much.
struct LineSplitter {
  private let limit: Int
  private var line: [UInt8] = []
  private var cut = 0

  /// - Parameter limit: the longest line in bytes.
  init(limit: Int) { self.limit = max(1, limit) }

  mutating func take(_ bytes: UnsafeRawBufferPointer, _ emit: (String) -> Void) {
    var rest = bytes[...]
    while let end = rest.firstNewline {
      add(rest[..<end])
      flush(emit)
      rest = rest[(end + 1)...]
    }
    add(rest)
  }

  /// The last line, if it has no line end.
  mutating func finish(_ emit: (String) -> Void) {
    if !line.isEmpty || cut > 0 { flush(emit) }
  }

  private mutating func add(_ part: Slice<UnsafeRawBufferPointer>) {
    let room = min(limit - line.count, part.count)
    line.append(contentsOf: part.prefix(room))
    cut += part.count - room
  }

  private mutating func flush(_ emit: (String) -> Void) {
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    let text = String(decoding: line, as: UTF8.self)
    emit(cut == 0 ? text : text + OutputLine.note(cut))
    line.removeAll(keepingCapacity: true)
    cut = 0
  }
}

extension Slice<UnsafeRawBufferPointer> {
  /// By memchr: a program may flood us, and a loop in Swift is slow in debug builds.
  fileprivate var firstNewline: Int? {
    let bytes = UnsafeRawBufferPointer(rebasing: self)
    guard let start = bytes.baseAddress, let found = memchr(start, 10, bytes.count) else { return nil }
    return startIndex + start.distance(to: UnsafeRawPointer(found))
  }
}
