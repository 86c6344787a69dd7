import Concurrency
@testable import EmbeddedPostgres
import Foundation
import Glibc
import Log
import PostgresClient
import TestSupport

let quiet = Logger(level: .error)

/// A data folder that does not exist yet.
func newFolder(_ name: String = "data") throws -> DataFolder {
  DataFolder(try scratchDirectory("embedded").appendingPathComponent(name).path)
}

extension EmbeddedPostgres {
  /// Takes the folder and starts its PostgreSQL.
  static func up(_ folder: DataFolder) async throws -> (EmbeddedPostgres, Start) {
    let instance = try await open(folder, logger: quiet)
    return (instance, try await instance.start())
  }

  /// The first column of a query's only row.
  func text(_ sql: String) async throws -> String {
    let connection = try await PostgresConnection.open(PostgresConfiguration(url))
    return try await connection.query("select (\(sql))::text").single().string(0)
  }

  func execute(_ script: String) async throws {
    try await PostgresConnection.open(PostgresConfiguration(url)).execute(script)
  }

  /// The process that postmaster.pid names, if it is a server of this cluster.
  var postmaster: Int32? { Postmaster.running(in: folder.cluster)?.handle.id }
}

/// The error that `body` throws, which must be one of ours.
func embeddedError(_ body: () async throws -> Void) async -> EmbeddedPostgresError? {
  do {
    try await body()
    return nil
  } catch { return error as? EmbeddedPostgresError }
}
