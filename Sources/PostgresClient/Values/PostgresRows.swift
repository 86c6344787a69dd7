internal import CPQ

/// What a statement returned: rows in binary, read where libpq put them. Freed with the last copy.
public struct PostgresRows: Sendable, RandomAccessCollection {
  let result: QueryResult
  /// Names the statement in errors about a column.
  let what: String
  /// How many rows there are.
  public let count: Int
  /// How many columns each row has.
  public let columnCount: Int

  init(_ result: QueryResult, what: String) {
    self.result = result
    self.what = what
    count = Int(PQntuples(result.raw))
    columnCount = Int(PQnfields(result.raw))
  }

  /// Zero.
  public var startIndex: Int { 0 }
  /// `count`.
  public var endIndex: Int { count }

  /// The row at `index`, which must be below `count`.
  public subscript(index: Int) -> PostgresRow {
    precondition(index >= 0 && index < count, "row \(index) of \(count)")
    return PostgresRow(rows: self, index: CInt(index))
  }

  /// The columns' names, in order.
  public var columnNames: [String] { (0..<columnCount).map(columnName) }

  /// How many rows an INSERT, UPDATE, DELETE, MERGE or SELECT concerned; zero for other statements.
  public var affectedCount: Int { Int(String(cString: PQcmdTuples(result.raw))) ?? 0 }

  /// Whether the statement returned a row.
  public var hasRows: Bool { count > 0 }

  /// The only row; throws `.unexpectedType` if there is none, or more than one.
  public func single() throws(PostgresError) -> PostgresRow {
    guard count == 1 else {
      throw PostgresError(.unexpectedType, "it returned \(count) rows instead of one", what: what)
    }
    return self[0]
  }

  /// The number of the column called `name`; throws `.unexpectedType` if there is none.
  public func column(named name: String) throws(PostgresError) -> Int {
    for column in 0..<columnCount where columnName(column) == name { return column }
    throw PostgresError(.unexpectedType, "it returned no column \(name)", what: what)
  }

  func columnName(_ column: Int) -> String { PQfname(result.raw, CInt(column)).map { String(cString: $0) } ?? "?" }
}

/// The owner of a `PGresult`.
///
/// `@unchecked Sendable`: after libpq has handed a result over nobody writes to it, and all we do is read. Column and row
/// numbers are checked before each call, since libpq would report a wrong one through the connection, which may be gone.
final class QueryResult: @unchecked Sendable {
  let raw: OpaquePointer
  init(_ raw: OpaquePointer) { self.raw = raw }
  deinit { PQclear(raw) }
}
