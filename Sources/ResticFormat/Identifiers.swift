public import Cryptography

/// The hash of a blob's plaintext. Together with its type it names the blob.
public typealias BlobID = SHA256Digest
/// The hash of a pack file.
public typealias PackID = SHA256Digest
/// The hash of an index, snapshot, lock or key file as it is stored.
public typealias FileID = SHA256Digest

/// What a blob holds. Equal bytes of different types are different blobs.
public enum BlobType: UInt8, Sendable, CaseIterable {
  /// A piece of a file.
  case data = 0
  /// A directory listing.
  case tree = 1

  /// Its name in index files.
  public var name: String { self == .data ? "data" : "tree" }
}
