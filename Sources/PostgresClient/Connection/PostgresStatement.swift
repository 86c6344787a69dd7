/// SQL with `$1`, `$2`, … for its parameters.
public struct PostgresStatement: Sendable, Hashable {
  /// Names it in errors, and on the server once it is prepared; without one it is never prepared.
  public let name: String?
  /// One statement.
  public let sql: String
  /// What the parameters are; empty: whatever the values of a call are.
  public let types: [PostgresType]

  /// A statement that each connection prepares when it first runs it. Names are unique in a program.
  public init(name: String, _ sql: String, _ types: [PostgresType] = []) {
    self.name = name
    self.sql = sql
    self.types = types
  }

  /// A statement that is sent whole each time.
  public init(_ sql: String) {
    name = nil
    self.sql = sql
    types = []
  }

  /// For errors: the name, or the first word of the SQL (the rest may quote secrets).
  var label: String {
    if let name { return name }
    let word = sql.split(maxSplits: 1, whereSeparator: \.isWhitespace).first ?? "nothing"
    return word.prefix { $0.isLetter }.uppercased()
  }
}

/// A statement and its parameters, for a pipeline.
public struct PostgresRequest: Sendable, Hashable {
  /// What to run.
  public var statement: PostgresStatement
  /// One value for each of its parameters.
  public var parameters: [PostgresValue]

  /// A request to run `statement`.
  public init(_ statement: PostgresStatement, _ parameters: [PostgresValue] = []) {
    self.statement = statement
    self.parameters = parameters
  }

  /// A request to run SQL which is not prepared.
  public init(_ sql: String, _ parameters: [PostgresValue] = []) {
    self.init(PostgresStatement(sql), parameters)
  }
}
