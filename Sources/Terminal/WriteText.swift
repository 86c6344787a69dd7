internal import Glibc

/// Writes all of a text to a stream; a reader that has gone away is no error.
package func writeText(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return }
    bytes = bytes.dropFirst(count)
  }
}
