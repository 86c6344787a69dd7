internal import CommandSyntax
internal import Glibc
internal import PostgresClient
internal import Terminal

/// The operand RUN of the commands about one run.
enum RunOperand {
  static let run = Operand<String>.required(
    .text("RUN"), "A run: its number, 'latest', or the name of a workflow or policy, for its latest run")

  private static let latest = PostgresStatement(
    """
    select r.run_id from holdfast.run_status r
    where $1 = 'latest' or r.policy = $1 or r.workflow = $1
    order by r.run_id desc limit 1
    """)

  /// The run that a text means.
  static func resolve(_ text: String, _ reader: RunReader) async throws -> Int64 {
    if let number = Int64(text) { return number }
    let rows = try await reader.pool.withConnection { try await $0.query(latest, [.text(text)]) }
    guard let row = rows.first else {
      throw CommandFailure(.notFound, "there is no run of '\(singleLine(text))'; 'holdfast runs' lists them")
    }
    return try row.int64(0)
  }

  static func isGone(_ run: Int64) -> CommandFailure {
    CommandFailure(.notFound, "there is no run \(run) (any more); 'holdfast runs' lists them")
  }
}

extension ParsedArguments {
  /// A connection to look at the database with.
  func readingPool() throws -> PostgresPool {
    PostgresPool(try PostgresConfiguration(databaseURL()), size: 1, patience: .seconds(10))
  }

  /// How standard output is written to.
  func outputStyle() -> TextStyle {
    let refusesColor = self[StandardOptions.noColor]
    return .forStream(STDOUT_FILENO) { name in
      refusesColor && name == "NO_COLOR" ? "1" : getenv(name).map { String(cString: $0) }
    }
  }
}
