internal import Synchronization
internal import Terminal

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
