internal import CPQ
internal import Concurrency

/// A message that came through NOTIFY.
public struct PostgresNotification: Sendable, Hashable {
  /// The channel it was sent to.
  public var channel: String
  /// Its text; empty if there was none.
  public var payload: String
  /// The server process of the sender.
  public var senderProcessID: Int
}

extension PostgresConnection {
  /// Subscribes to channels, for as long as the connection lives. Does not work behind a transaction pooler.
  public func listen(
    _ channels: [String], until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) {
    let script = channels.map {
      "LISTEN \"\($0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\";"
    }
    try await execute(script.joined(separator: " "), until: deadline)
  }

  /// The next notification, or nil after `deadline`. Waits without a thread.
  ///
  /// Those that came along with the answers of other calls are returned first. Throws `.cancelled`, or `.unreachable` and
  /// its like when the server closes the connection. A server that vanishes without closing it is noticed by TCP's
  /// keepalives in about a minute; `ping` finds out at once.
  public func nextNotification(
    until deadline: ContinuousClock.Instant? = nil
  ) async throws(PostgresError) -> PostgresNotification? {
    let doing = "wait for notifications"
    try begin(doing)
    defer { isBusy = false }
    while true {
      if let next = PQnotifies(raw) {
        defer { PQfreemem(next) }
        return PostgresNotification(
          channel: String(cString: next.pointee.relname), payload: String(cString: next.pointee.extra),
          senderProcessID: Int(next.pointee.be_pid))
      }
      do {
        _ = try await Reactor.shared.wait(for: .readable, on: descriptor, until: deadline, shielded: isShielded)
      } catch {
        switch error {
        case .timedOut: return nil
        case .cancelled: throw self.error(.cancelled, "the task was cancelled", what: doing)
        case .failed:
          isBroken = true
          throw self.error(.unreachable, error.description, what: doing)
        }
      }
      guard stillStands() else {
        isBroken = true
        throw lostWhileIdle(doing)
      }
    }
  }
}
