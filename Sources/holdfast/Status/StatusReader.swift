internal import CommandSyntax
internal import PostgresClient
internal import StepEngine

/// Reads what is going on from the engine's views, as anyone may who has the role `holdfast_reader`.
struct StatusReader: Sendable {
  let pool: PostgresPool

  /// The rows of a statement, each read by `read`.
  func rows<Row: Sendable>(
    _ sql: String, _ parameters: [PostgresValue] = [], _ read: @Sendable (PostgresRow) throws -> Row
  ) async throws -> [Row] {
    do {
      return try await pool.withConnection { connection in
        try await connection.query(sql, parameters).map(read)
      }
    } catch let error as PostgresError {
      throw StoreError(error)
    }
  }

  /// A statement's first column, as texts.
  func names(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> [String] {
    try await rows(sql, parameters) { try $0.string(0) }
  }
}

extension ParsedArguments {
  /// The database that the command works on, over one connection that is opened when it is needed.
  func pool() throws -> PostgresPool {
    // A person waits for the answer: one more try or two, no more.
    PostgresPool(try PostgresConfiguration(databaseURL()), size: 1, patience: .seconds(3))
  }

  /// What reads the database's state.
  func reader() throws -> StatusReader { StatusReader(pool: try pool()) }
}
