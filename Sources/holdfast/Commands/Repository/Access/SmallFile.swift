internal import CommandSyntax
internal import Concurrency
internal import Glibc

/// Reads a small file that the command line names: a password, a place, patterns. `-` is not special.
/// - Throws: `CommandFailure` that says what it is and why it can't be read.
func readSmallFile(_ path: String, _ what: String, limit: Int = 1 << 20) async throws -> [UInt8] {
  try await BlockingPool.shared.run {
    func failure(_ why: String) -> CommandFailure {
      CommandFailure(.failed, "the \(what) \(path) can't be read: \(why)")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while contents.count <= limit {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
      if count == 0 { return contents }
      contents += buffer[..<count]
    }
    throw failure("it has more than \(limit) bytes, which makes no sense")
  }
}

extension [UInt8] {
  /// Without white space at both ends, and without a mark of UTF-8 before: as restic reads files of one value.
  var trimmed: [UInt8] {
    let rest = starts(with: [0xEF, 0xBB, 0xBF]) ? self[3...] : self[...]
    let isSpace = { (byte: UInt8) in byte == 32 || (9...13).contains(byte) }
    return Array(rest.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
