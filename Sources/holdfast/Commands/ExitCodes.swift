internal import CommandSyntax
internal import PostgresClient
internal import StepEngine

extension ExitCode {
  /// What the command names does not exist.
  static let notFound = ExitCode(3, "what the command names does not exist")
  /// PostgreSQL could not be reached.
  static let databaseUnreachable = ExitCode(4, "PostgreSQL cannot be reached")
  /// The run that was waited for did not fail, but was cancelled.
  static let runCancelled = ExitCode(5, "the run that was waited for was cancelled; 1 if it failed")
}

/// The code for an error of the database or the engine; nil for any other.
@Sendable func exitCode(forStoreError error: any Error) -> ExitCode? {
  let storeError: StoreError
  switch error {
  case let error as StoreError: storeError = error
  case let error as PostgresError: storeError = StoreError(error)
  default: return nil
  }
  return switch storeError.kind {
  case .unreachable, .outcomeUnknown, .full: .databaseUnreachable
  case .notFound: .notFound
  default: .failed
  }
}
