internal import ObjectStores
internal import ResticFormat

/// A store's error as a repository's.
func mapped<Result>(
  _ body: () async throws(StoreError) -> Result
) async throws(RepositoryError) -> Result {
  do {
    return try await body()
  } catch {
    throw RepositoryError(error)
  }
}

/// A damaged document as a repository's error.
func decoding<Result>(_ body: () throws(FormatError) -> Result) throws(RepositoryError) -> Result {
  do {
    return try body()
  } catch {
    throw RepositoryError(error)
  }
}

extension RepositoryError {
  init(_ error: FormatError) {
    self.init(error.kind == .unsupported ? .unsupported : .corrupt, error.description)
  }
}
