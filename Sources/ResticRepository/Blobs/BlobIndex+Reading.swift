public import BlobIndex
public import Cryptography
internal import ObjectStores
public import ResticFormat

extension BlobIndex {
  /// Reads a blob from the first of its places that has it undamaged: a repository may hold it more than once.
  /// - Parameter body: reads it from one place.
  /// - Throws: `.notFound` if no index lists it; what was wrong with the first place if no other is better.
  public func read<Result>(
    _ id: BlobID, _ type: BlobType, _ body: (BlobLocation) async throws(RepositoryError) -> Result
  ) async throws(RepositoryError) -> Result {
    guard let first = location(of: id, type) else {
      throw RepositoryError(
        .notFound,
        "the \(type.name) blob \(id.hex) is missing from the index; 'holdfast repo check' tells what is damaged")
    }
    let failure: RepositoryError
    do throws(RepositoryError) { return try await body(first) } catch {
      guard error.isAboutPlace else { throw error }
      failure = error
    }
    for place in locations(of: id, type) where place != first {
      do throws(RepositoryError) { return try await body(place) } catch {
        guard error.isAboutPlace else { throw error }
      }
    }
    throw failure
  }
}

extension RepositoryError {
  /// Whether another copy of what was read may be better.
  fileprivate var isAboutPlace: Bool {
    switch kind {
    case .corrupt, .notFound, .store(.notFound), .store(.truncated), .store(.corrupt): true
    default: false
    }
  }
}
