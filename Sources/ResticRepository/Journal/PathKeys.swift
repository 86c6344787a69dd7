internal import Cryptography

/// Makes keys of paths. One thread's tools: make one for each.
public final class PathKeys {
  private let secret: [UInt8]
  private let hash = SHA256()

  /// Keys that mean something in this repository only.
  public init(_ repository: Repository) { secret = repository.secret(for: "journal paths") }

  /// The key of a path, whose bytes are the same each time.
  public func key(of path: [UInt8]) -> PathKey {
    hash.update(secret)
    hash.update(path)
    let digest = hash.finish()
    return PathKey(words: (digest.words.0, digest.words.1))
  }
}
