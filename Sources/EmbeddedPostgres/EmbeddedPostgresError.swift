import Glibc

/// Why the embedded PostgreSQL can't be used: one sentence with what to do next.
public struct EmbeddedPostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is in the way.
  public enum Kind: Sendable, Equatable {
    /// The data folder can't be used: not ours, not accessible, or its name.
    case folder
    /// Another process has the folder; its id, if it could be learnt.
    case inUse(Int32?)
    /// PostgreSQL is not installed, or not in the version that the folder needs.
    case notInstalled
    /// We are root, and there is nobody else to run PostgreSQL as.
    case noUser
    /// The disk is full.
    case diskFull
    /// PostgreSQL did not start, and this is what it says.
    case failed
    /// The task was cancelled.
    case cancelled
  }

  /// What is in the way.
  public let kind: Kind
  /// One sentence.
  public let description: String

  /// An error with a sentence that still lacks its capital and its end.
  init(_ kind: Kind, _ sentence: String) {
    self.kind = kind
    description = sentence.prefix(1).uppercased() + sentence.dropFirst() + (sentence.hasSuffix(".") ? "" : ".")
  }

  /// From an errno of something done with `path`.
  init(errno code: CInt, _ action: String, _ path: String) {
    switch code {
    case ENOSPC, EDQUOT: self = .full(path)
    default:
      self.init(
        .folder,
        "cannot \(action) \(path): \(String(cString: strerror(code))); choose another data folder with --data DIR")
    }
  }

  /// The disk under `path` is full.
  static func full(_ path: String) -> Self {
    var room = ""
    if let free = freeBytes(path) { room = " (\(free >> 20) MiB are free)" }
    return Self(
      .diskFull, "the disk of \(path) is full\(room); free some space there, then run 'holdfast up' again")
  }

  static let cancelled = Self(.cancelled, "it was told to stop while PostgreSQL was starting")
}
