internal import FileSystem
internal import ResticFormat
internal import Synchronization

/// A piece of a file: where its blob lies, and where its bytes go.
struct Piece: Sendable {
  let blob: BlobID
  /// Number of the pack in the batch.
  let pack: UInt32
  let offset: UInt32
  /// Sealed, in the pack.
  let length: UInt32
  let uncompressedLength: UInt32
  /// Number of the file in the batch.
  let file: UInt32
  let fileOffset: Int

  var plaintextLength: Int { uncompressedLength == 0 ? max(0, Int(length) - 32) : Int(uncompressedLength) }
}

/// A regular file that is to be written or compared.
struct PlannedFile: Sendable {
  /// What is at its place.
  enum Place: Sendable {
    /// Nothing: it is made.
    case free
    /// A regular file with only this name: what differs is written.
    case differing
    /// A file that counts as equal: only its metadata are set.
    case equal
    /// A file with other names, wherever these are: left alone if its content is equal, too, and replaced otherwise.
    case shared
  }

  let folder: TargetFolder
  let name: [UInt8]
  let metadata: NodeMetadata
  var place: Place
  /// The sum of its blobs' lengths.
  let size: Int
  /// Its pieces in the batch.
  let pieces: Range<Int>
  /// What the file's other names are told; nil if it has none.
  let first: FirstName?

  var path: [UInt8] { folder.path(of: name) }
}

/// A symbolic link, fifo or device.
struct PlannedNode: Sendable {
  let folder: TargetFolder
  let name: [UInt8]
  let kind: FileKind
  let metadata: NodeMetadata
  let linkTarget: [UInt8]
  let device: UInt64

  var path: [UInt8] { folder.path(of: name) }
}

/// Another name of a file that this restore wrote.
struct PlannedLink: Sendable {
  let folder: TargetFolder
  let name: [UInt8]
  let existing: FirstName
  /// It was a name of the same file before, which may have been replaced since.
  let wasLinked: Bool

  var path: [UInt8] { folder.path(of: name) }
}

/// The first name of a file with several.
final class FirstName: Sendable {
  let folder: TargetFolder
  let name: [UInt8]
  /// Whether the file could not be restored.
  let hasFailed = Atomic(false)

  init(folder: TargetFolder, name: [UInt8]) {
    self.folder = folder
    self.name = name
  }

  var path: [UInt8] { folder.path(of: name) }
}

/// Work that fits into memory: files, and folders that are finished once these files are.
struct Batch: Sendable {
  var files: [PlannedFile] = []
  var pieces: [Piece] = []
  var packs: [PackID] = []
  var nodes: [PlannedNode] = []
  var links: [PlannedLink] = []
  /// Folders that get nothing more after this batch, the inner ones first.
  var finished: [(folder: TargetFolder, metadata: NodeMetadata)] = []
  /// Pieces left out because a new file has zeros there anyway.
  var skippedZeros = 0

  /// A measure of the memory it takes.
  var weight: Int { pieces.count + 2 * (files.count + nodes.count + links.count + finished.count) }
}
