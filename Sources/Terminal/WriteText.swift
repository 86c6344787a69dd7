internal import Glibc
internal import Synchronization

/// Writes all of a text to a stream, as `writeBytes` does.
package func writeText(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
  writeBytes(Array(text.utf8), to: descriptor)
}

/// Writes all of some bytes to a stream; a reader that has gone away is no error. What else keeps them from standard output is
/// remembered in `standardOutputFailure`, so that nobody has to look after each line.
package func writeBytes(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EAGAIN {
        // Who started us reads through a descriptor that doesn't block.
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&request, 1, -1)
        continue
      }
      if descriptor == STDOUT_FILENO, code != EPIPE { failure.withLock { $0 = $0 ?? code } }
    }
    guard count > 0 else { return }
    rest = rest.dropFirst(count)
  }
}

private let failure = Mutex<Int32?>(nil)

/// The first `errno` for which standard output lacks something that was written; nil if it lacks nothing, or its reader has
/// gone away.
package var standardOutputFailure: Int32? { failure.withLock { $0 } }
