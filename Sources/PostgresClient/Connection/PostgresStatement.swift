/// SQL with `$1`, `$2`, … for its parameters. Make it once (`static let`) and run it often: copies cost nothing.
public struct PostgresStatement: Sendable {
  private let content: Content

  /// Names it in errors, and on the server once it is prepared; without one it is never prepared.
  public var name: String? { content.name }
  /// One statement.
  public var sql: String { content.sql }
  /// What the parameters are; empty: whatever the values of a call are.
  public var types: [PostgresType] { content.types }
  /// For errors: the name, or the first word of the SQL (the rest may quote secrets).
  var label: String { content.label }
  /// For errors: `run` and the label.
  var doing: String { content.doing }

  /// A statement that each connection prepares when it first runs it. Names are unique in a program.
  public init(name: String, _ sql: String, _ types: [PostgresType] = []) {
    content = Content(name: name, sql: sql, types: types)
  }

  /// A statement that is sent whole each time.
  public init(_ sql: String) {
    content = Content(name: nil, sql: sql, types: [])
  }

  /// Shared by all copies, so that handing a statement on is counting one reference.
  private final class Content: Sendable {
    let name: String?
    let sql: String
    let types: [PostgresType]
    let label: String
    let doing: String

    init(name: String?, sql: String, types: [PostgresType]) {
      self.name = name
      self.sql = sql
      self.types = types
      label = name ?? Self.firstWord(sql)
      doing = "run " + label
    }

    private static func firstWord(_ sql: String) -> String {
      let letters = sql.unicodeScalars.lazy.drop { $0.properties.isWhitespace }.prefix { $0.properties.isAlphabetic }
      return String(String.UnicodeScalarView(letters)).uppercased()
    }
  }
}

extension PostgresStatement: Hashable {
  /// Equal if name, SQL and types are.
  public static func == (left: Self, right: Self) -> Bool {
    left.content === right.content || (left.name == right.name && left.sql == right.sql && left.types == right.types)
  }

  /// Hashes name and SQL.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(sql)
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
