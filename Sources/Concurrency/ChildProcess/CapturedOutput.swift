/// What a program wrote to one of its streams: all of it, or its first and last part.
public struct CapturedOutput: Sendable, Equatable {
  /// The beginning.
  public private(set) var first: [UInt8] = []
  /// The end, as far as it is not in `first`.
  public var last: ArraySlice<UInt8> { tail.suffix(halfLimit) }
  /// How many bytes between the two were not kept.
  public var droppedBytes: Int { total - first.count - last.count }

  private var tail: [UInt8] = []
  private var total = 0
  private let halfLimit: Int

  /// Nothing yet.
  /// - Parameter limit: how many bytes are kept at most, half of them from the beginning.
  init(limit: Int) { halfLimit = max(0, limit) / 2 }

  /// The output as UTF-8, with a line in place of what was not kept.
  public var text: String {
    if droppedBytes == 0 { return String(decoding: first + last, as: UTF8.self) }
    return String(decoding: first, as: UTF8.self) + gap + String(decoding: last, as: UTF8.self)
  }

  /// The line in place of what was not kept.
  public var gap: String { "\n… \(droppedBytes) bytes left out …\n" }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    total += bytes.count
    let room = min(halfLimit - first.count, bytes.count)
    if room > 0 { first.append(contentsOf: bytes[..<room]) }
    // No more than can be kept, and moved only once per half: appending stays cheap.
    tail.append(contentsOf: bytes[max(0, room)...].suffix(halfLimit))
    if tail.count > 2 * halfLimit { tail.removeFirst(tail.count - halfLimit) }
  }
}
