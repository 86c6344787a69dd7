internal import Compression

/// How much work goes into making blobs smaller.
public enum CompressionMode: Sendable, Equatable {
  /// Data blobs are stored as they are; trees are always compressed.
  case off
  /// Nothing is compressed, as format version 1 demands.
  case never
  /// Fast, at sizes like those of what restic calls auto.
  case auto
  /// A zstd level, 1 to 19. What does not shrink is stored raw.
  case level(Int)

  /// What `restic` calls max.
  public static let max = CompressionMode.level(11)

  func compressor() -> ZstdCompressor {
    switch self {
    case .never, .off, .auto: .balanced()
    case .level(let level): ZstdCompressor(level: level)
    }
  }
}
