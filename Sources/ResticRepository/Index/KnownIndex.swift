internal import BlobIndex
internal import ResticFormat
internal import Synchronization

/// What was read of the index before: neither an index file nor an opened cache ever changes, and a process that makes many
/// backups asks for the index each time.
final class KnownIndex: Sendable {
  struct Contents {
    /// Where the cache was opened.
    let path: String
    let cache: IndexCache
    /// Index files that are newer than the cache, by their name.
    var files: [FileID: IndexFile] = [:]
  }

  /// So many blobs of files beside the cache are kept; about 60 bytes each.
  private static let blobLimit = 20_000

  private let contents = Mutex<Contents?>(nil)

  /// What is known with a cache at this path.
  func contents(at path: String) -> Contents? {
    contents.withLock { $0?.path == path ? $0 : nil }
  }

  /// Keeps it instead of what was known; without the files if they are too much to keep.
  func replace(_ new: Contents) {
    let blobs = new.files.values.reduce(0) { $0 + $1.packs.reduce(0) { $0 + $1.blobs.count } }
    let kept = blobs <= Self.blobLimit ? new : Contents(path: new.path, cache: new.cache)
    contents.withLock { $0 = kept }
  }
}
