internal import Glibc

/// Why a cache of the index can't be used or written. Never fatal: the repository has all that it holds.
public struct IndexCacheError: Error, Sendable, CustomStringConvertible {
  /// One sentence.
  public let description: String

  /// An error with this sentence.
  package init(_ description: String) { self.description = description }

  /// A system call that failed.
  init(_ path: String, _ action: String, errno code: CInt) {
    description = "the index cache \(path) can't be \(action): \(String(cString: strerror(code)))"
  }
}
