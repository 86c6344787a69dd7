/// Opens a connection, and tries again until it succeeds: for parts that live long and own one connection.
public struct PostgresConnector: Sendable {
  /// Where to.
  public var configuration: PostgresConfiguration
  /// How long to wait between tries.
  public var backoff: Backoff

  /// A connector; opens nothing yet.
  public init(_ configuration: PostgresConfiguration, backoff: Backoff = Backoff()) {
    self.configuration = configuration
    self.backoff = backoff
  }

  /// Connects, with backoff, until it succeeds. Each failure and the wait that follows is reported to `onFailure`.
  ///
  /// Throws `.cancelled` when the task is, the last failure at `deadline`, and any failure for which `givesUp` says so
  /// (by default none: a wrong password may be put right while we wait).
  public func connect(
    until deadline: ContinuousClock.Instant? = nil,
    givesUp: @Sendable (PostgresError) -> Bool = { _ in false },
    onFailure: @Sendable (_ error: PostgresError, _ retryIn: Duration) -> Void
  ) async throws(PostgresError) -> sending PostgresConnection {
    var failures = 0
    while true {
      do throws(PostgresError) {
        return try await PostgresConnection.open(configuration, until: deadline)
      } catch {
        failures += 1
        let delay = backoff.delay(after: failures)
        if error.kind == .cancelled || givesUp(error) { throw error }
        if let deadline, deadline <= .now + delay { throw error }
        onFailure(error, delay)
        do { try await Task.sleep(for: delay) } catch {
          throw PostgresError(.cancelled, "the task was cancelled", what: "connect")
        }
      }
    }
  }
}
