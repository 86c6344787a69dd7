internal import Glibc
internal import Synchronization

/// Writes all of some bytes to standard output; a reader that has gone away is no error.
func writeBytes(_ bytes: [UInt8]) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return }
    rest = rest.dropFirst(count)
  }
}

/// Lines for standard output, written many at once.
final class LineOutput: Sendable {
  private let waiting = Mutex<[UInt8]>([])
  private static let limit = 64 << 10

  func write(_ line: String) { write(Array(line.utf8)) }

  func write(_ line: [UInt8]) {
    waiting.withLock { waiting in
      waiting += line
      waiting.append(UInt8(ascii: "\n"))
      guard waiting.count >= Self.limit else { return }
      writeBytes(waiting)
      waiting.removeAll(keepingCapacity: true)
    }
  }

  /// Writes what is left.
  func flush() {
    waiting.withLock { waiting in
      writeBytes(waiting)
      waiting = []
    }
  }
}
