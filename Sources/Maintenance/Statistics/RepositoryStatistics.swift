/// How much there is, counted in one of restic's ways.
public struct RepositoryStatistics: Sendable, Equatable {
  /// What is counted.
  public enum Mode: String, Sendable, CaseIterable {
    /// What restoring all the snapshots would write: each snapshot's files, hard links once in each.
    case restoreSize = "restore-size"
    /// Files with different contents, wherever and how often they are.
    case filesByContents = "files-by-contents"
    /// Blobs that the snapshots need, as they are stored.
    case rawData = "raw-data"
    /// Blobs for each path and content.
    case blobsPerFile = "blobs-per-file"
  }

  /// Bytes; as they are stored for `.rawData`, else as files have them.
  public var totalSize = 0
  /// `.rawData` only: bytes as they would be stored without compression.
  public var totalUncompressedSize = 0
  /// Entries that were counted.
  public var totalFileCount = 0
  /// Blobs that were counted.
  public var totalBlobCount = 0
  /// Snapshots that were looked at.
  public var snapshotsCount = 0
  /// `.rawData` only: stored bytes of compressed blobs.
  public var compressedSize = 0
  /// `.rawData` only: bytes that compressed blobs would take uncompressed.
  public var compressedPlainSize = 0

  /// Nothing counted yet.
  public init() {}

  /// By how much compressed blobs are smaller: 2 is half the size. Nil if there are none.
  public var compressionRatio: Double? {
    compressedSize > 0 ? Double(compressedPlainSize) / Double(compressedSize) : nil
  }

  /// Percent of the bytes that are compressed. Nil if there are none at all.
  public var compressionProgress: Double? {
    totalUncompressedSize > 0 ? Double(compressedPlainSize) / Double(totalUncompressedSize) * 100 : nil
  }

  /// Percent of the bytes that compression saves. Nil if there are none at all.
  public var compressionSpaceSaving: Double? {
    totalUncompressedSize > 0 ? (1 - Double(totalSize) / Double(totalUncompressedSize)) * 100 : nil
  }
}
