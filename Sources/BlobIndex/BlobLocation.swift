public import Cryptography
public import ResticFormat

/// Where a blob lies.
public struct BlobLocation: Sendable, Equatable {
  /// The pack that holds it.
  public let pack: PackID
  /// Where it begins in the pack, in bytes.
  public let offset: UInt32
  /// Its sealed length in bytes.
  public let length: UInt32
  /// The length of the plaintext if it is compressed; 0 if it is stored raw.
  public let uncompressedLength: UInt32

  /// A place in a pack.
  public init(pack: PackID, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
    self.pack = pack
    self.offset = offset
    self.length = length
    self.uncompressedLength = uncompressedLength
  }

  /// The length of the plaintext in bytes; sealing adds 32. Never negative, whatever an index claims.
  public var plaintextLength: Int { uncompressedLength == 0 ? max(0, Int(length) - 32) : Int(uncompressedLength) }
}
