import Glibc

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
    emit(cut == 0 ? text : text + "… (\(cut) bytes more)")
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
