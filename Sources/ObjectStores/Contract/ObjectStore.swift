/// Where a repository's objects are kept: a folder, S3, restic's REST server.
///
/// Objects are immutable: written once as a whole, read, listed, removed. Every implementation passes one conformance
/// suite. Retries are the store's own business: an error that comes out has been tried again for as long as it made sense.
public protocol ObjectStore: Sendable {
  /// What the user wrote to name the place, without secrets: `/srv/backup`, `s3:https://host/bucket/prefix`.
  var location: String { get }

  /// How many calls may usefully be under way at once.
  var concurrency: Int { get }

  /// Whether journals and points can be kept here; restic's REST server knows no objects but restic's.
  var keepsJournals: Bool { get }

  /// Makes the place ready for a new repository: folders, or a check that the bucket is there and writable.
  func prepare() async throws(StoreError)

  /// Writes an object, durable once this returns: afterwards it is there as a whole, or it isn't there at all.
  /// - Parameter overwrite: false refuses, with `.exists`, to replace an object where the store can tell (a config).
  func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError)

  /// Reads an object, or the part of it that `range` (in bytes) names. Exactly that many bytes come back: a range beyond the
  /// end is a `.truncated` error. Stores behind a network compare a whole object with the hash that is its name, and ask
  /// again if it differs; a folder leaves that to the reader, who has to hash the bytes anyway.
  func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8]

  /// The length of an object in bytes.
  func size(of name: ObjectName) async throws(StoreError) -> Int

  /// All objects of a kind; those whose names cannot be restic's (temporary files) are left out. In no order.
  func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing]

  /// Removes an object. That it is gone already is no error.
  func remove(_ name: ObjectName) async throws(StoreError)

  /// Removes what writers that died left behind more than a day ago and no listing shows; returns how many such things.
  func sweep() async throws(StoreError) -> Int
}

/// A store whose objects are files of this machine, so that readers can open or map them instead of copying, and writers need no
/// memory for a whole one.
public protocol LocalObjects: ObjectStore {
  /// The absolute path of the file that holds, or would hold, the object. Never written in place: only replaced as a whole.
  func path(of name: ObjectName) -> String

  /// Reads a part of an object into memory that the caller keeps: fresh memory for every part was 6 % of a check's time.
  /// Blocks.
  /// - Throws: as `get(_:range:)` does.
  func read(_ name: ObjectName, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError)

  /// Whether every listing shows all that was there when it began, whichever process wrote it: not so where a network filesystem
  /// keeps old listings.
  func showsAtOnce() async -> Bool

  /// Begins an object that is written piece by piece, and named when it is whole.
  func begin(_ kind: ObjectKind) throws(StoreError) -> PartialObject

  /// Gives an object that was begun here its name, durable once this returns.
  func finish(_ object: PartialObject, as name: ObjectName) async throws(StoreError)
}

extension ObjectStore {
  /// Writes an object whose name is its hash; one that is there already has the same contents.
  public func put(_ name: ObjectName, _ contents: [UInt8]) async throws(StoreError) {
    try await put(name, contents, overwrite: true)
  }

  /// Reads a whole object.
  public func get(_ name: ObjectName) async throws(StoreError) -> [UInt8] {
    try await get(name, range: nil)
  }

  /// Nothing is ever left behind.
  public func sweep() async throws(StoreError) -> Int { 0 }
}
