import Foundation
import PostgresClient
import TestSupport
import Testing

/// A connection to the cluster that the tests of this process share.
func connect(_ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> sending PostgresConnection {
  try await PostgresConnection.open(await configuration(change))
}

func configuration(_ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresConfiguration {
  var configuration = try PostgresConfiguration(await PostgresInstance.shared.url())
  change(&configuration)
  return configuration
}

/// The error that `body` throws; nil if it throws none, or one of another type.
func postgresError(_ body: () async throws -> Void) async -> PostgresError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? PostgresError
  }
}

/// Runs `body` in a task that is cancelled once `statement` is running on the server, and returns the error.
func errorWhenCancelled(
  running statement: String, _ body: @escaping @Sendable () async throws -> Void
) async throws -> PostgresError? {
  let task = Task { await postgresError { try await body() } }
  try await waitUntilRunning(statement)
  task.cancel()
  return await task.value
}

/// Waits until the server runs something that contains `text`, and returns the process that does.
@discardableResult
func waitUntilRunning(_ text: String) async throws -> Int32 {
  let observer = try await connect()
  for _ in 0..<6000 {
    let rows = try await observer.query(
      """
      select pid from pg_stat_activity
      where state = 'active' and pid <> pg_backend_pid() and strpos(query, $1) > 0
      """, [.text(text)])
    if let row = rows.first { return try row.int32(0) }
    try await Task.sleep(for: .milliseconds(5))
  }
  throw TestSupportError("the server never ran \(text)")
}
