internal import Cryptography
internal import ResticFormat

/// Where a blob is, in 48 bytes, so that millions of them stay small. The same bytes are in memory and in cache files.
struct IndexEntry: BitwiseCopyable {
  /// No pack yet: somebody is about to store it.
  static let claimed: UInt32 = 0x7fff_ffff
  /// Nobody stores it after all.
  static let unclaimed: UInt32 = 0x7fff_fffe
  /// Numbers of packs stay below this.
  static let packLimit = 0x7fff_fffe

  var id: BlobID
  /// The pack's number in the pack table; the highest bit is the blob's type.
  private var packAndType: UInt32
  var offset: UInt32
  var length: UInt32
  var uncompressedLength: UInt32

  init(id: BlobID, type: BlobType, pack: UInt32, offset: UInt32 = 0, length: UInt32 = 0, uncompressedLength: UInt32 = 0)
  {
    self.id = id
    packAndType = UInt32(type.rawValue) << 31 | pack
    self.offset = offset
    self.length = length
    self.uncompressedLength = uncompressedLength
  }

  init(_ blob: PackedBlob, pack: UInt32) {
    self.init(
      id: blob.id, type: blob.type, pack: pack, offset: blob.offset, length: blob.length,
      uncompressedLength: blob.uncompressedLength)
  }

  /// The pack's number, or one of the two marks.
  var pack: UInt32 {
    get { packAndType & 0x7fff_ffff }
    set { packAndType = packAndType & 0x8000_0000 | newValue }
  }

  var type: BlobType { packAndType >> 31 == 0 ? .data : .tree }

  /// Whether the blob is in a pack.
  var isStored: Bool { pack < Self.unclaimed }

  /// By id, then data before trees, then the first pack.
  static func < (left: Self, right: Self) -> Bool {
    if left.id != right.id { return left.id < right.id }
    return left.packAndType < right.packAndType
  }

  func isOf(_ other: BlobID, _ otherType: BlobType) -> Bool { id == other && type == otherType }
}
