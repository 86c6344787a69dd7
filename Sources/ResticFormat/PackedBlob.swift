/// A blob as the header of its pack, and an index, describe it.
public struct PackedBlob: Sendable, Hashable {
  /// The hash of the plaintext.
  public var id: BlobID
  /// What it holds.
  public var type: BlobType
  /// Where it begins in the pack, in bytes.
  public var offset: UInt32
  /// Its sealed length in the pack, in bytes.
  public var length: UInt32
  /// The length of the plaintext if it is compressed; 0 if it is stored raw.
  public var uncompressedLength: UInt32

  /// A blob of a pack.
  public init(id: BlobID, type: BlobType, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
    self.id = id
    self.type = type
    self.offset = offset
    self.length = length
    self.uncompressedLength = uncompressedLength
  }

  /// The length of the plaintext in bytes; sealing adds 32.
  public var plaintextLength: Int { uncompressedLength == 0 ? Int(length) - 32 : Int(uncompressedLength) }
  /// Whether it is a zstd frame.
  public var isCompressed: Bool { uncompressedLength != 0 }
}
