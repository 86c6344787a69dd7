import Glibc

/// Sends one message of a guard's connection; false if the other side is gone.
@discardableResult
func send(_ message: String, to socket: CInt) -> Bool {
  let bytes = Array(message.utf8)
  while true {
    if Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count { return true }
    if errno != EINTR { return false }
  }
}

/// What a connection gave.
enum Received: Equatable {
  case message(String)
  /// The other side is gone.
  case end
  case timedOut
}

/// Waits for one message. Blocks its thread.
/// - Parameter limit: how long; nil for ever.
func receive(from socket: CInt, within limit: Duration?) -> Received {
  let end = limit.map { timeSinceBoot() + $0 }
  var bytes = [UInt8](repeating: 0, count: 16 << 10)
  while true {
    var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    let ready = poll(&wanted, 1, milliseconds(until: end))
    if ready < 0 {
      if errno == EINTR { continue }
      return .end
    }
    if ready == 0 {
      if let end, timeSinceBoot() < end { continue }
      return .timedOut
    }
    let count = recv(socket, &bytes, bytes.count, CInt(MSG_DONTWAIT))
    if count > 0 { return .message(String(decoding: bytes[..<count], as: UTF8.self)) }
    if count < 0, errno == EINTR || errno == EAGAIN { continue }
    return .end
  }
}

/// poll's timeout until a time on CLOCK_BOOTTIME, rounded up; -1 for ever. At most a minute, so that callers look again.
func milliseconds(until end: Duration?) -> CInt {
  guard let end else { return -1 }
  let left = (end - timeSinceBoot()).nanoseconds
  return left <= 0 ? 0 : CInt(min(60_000, (left + 999_999) / 1_000_000))
}
