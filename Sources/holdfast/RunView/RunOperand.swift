internal import CommandSyntax
internal import PostgresClient
internal import StepEngine

/// The operand RUN of the commands that look at one run.
enum RunOperand {
  static let run = RunReference.operand

  /// The run that is meant.
  static func resolve(_ run: RunReference, _ reader: RunReader) async throws -> Int64 {
    try await run.find(StatusReader(pool: reader.pool)).id.value
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
}
