internal import Log
internal import PostgresClient

/// Opens a connection to a migrated database; tries again with backoff while it is out of reach, and says so.
///
/// - Parameters:
///   - alarm: cuts a wait short when it rings, for a look at `isDone`.
///   - isDone: whether nobody needs the connection any more.
/// - Returns: nil if the task was cancelled or `isDone`.
/// - Throws: `StoreError` if the database can't be used at all: wrong password, no permission, another schema.
func connectToEngine(
  _ database: PostgresConfiguration, backoff: Backoff, alarm: Alarm, logger: Logger, isDone: () -> Bool
) async throws(StoreError) -> sending PostgresConnection? {
  var failures = 0
  while !Task.isCancelled, !isDone() {
    let failure: StoreError
    do throws(PostgresError) {
      let connection = try await PostgresConnection.open(database)
      do throws(StoreError) {
        try await Migrator.check(connection)
        return connection
      } catch { failure = error }
    } catch { failure = StoreError(error) }
    if failure.kind == .notUsable { throw failure }
    if failure.kind == .cancelled { continue }

    failures += 1
    let delay = backoff.delay(after: failures)
    logger.error("could not connect", ["error": failure.description, "retry_in": "\(delay.seconds)"])
    let next = ContinuousClock.now + delay
    while !Task.isCancelled, !isDone(), .now < next { await alarm.wait(until: next) }
  }
  return nil
}
