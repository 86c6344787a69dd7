internal import Cryptography
internal import ObjectStores
internal import ResticFormat

/// A pack that is being filled: in memory, or where the store is a folder, in a file of it.
struct OpenPack: Sendable {
  /// A reader must hold a pack's header: 16 MiB of entries, restic's limit.
  static let blobLimit = 400_000
  /// Bytes that are written to a file at once: small blobs together.
  private static let pieceSize = 256 << 10

  let type: BlobType
  /// Where all before `bytes` is.
  let file: PartialObject?
  private(set) var bytes: [UInt8]
  private(set) var blobs: [PackedBlob] = []
  private var writtenSize = 0

  /// Bytes that the pack has so far.
  var size: Int { writtenSize + bytes.count }

  /// - Parameters:
  ///   - file: where it is written to meanwhile; nil keeps it in memory.
  ///   - memory: its contents are lost. That of an earlier pack is best: fresh memory costs as much as encrypting.
  ///   - size: bytes that the pack will have at least when it is full.
  init(type: BlobType, file: PartialObject? = nil, memory: consuming [UInt8], roomFor size: Int) {
    self.type = type
    self.file = file
    memory.removeAll(keepingCapacity: true)
    // Memory beyond what is used costs nothing; growing would copy all.
    memory.reserveCapacity(file == nil ? size + (9 << 20) : Self.pieceSize)
    bytes = memory
  }

  mutating func append(_ sealed: BlobSealer.Sealed, id: BlobID) throws(StoreError) {
    let offset = UInt32(size)
    if let file, bytes.count + sealed.bytes.count > Self.pieceSize {
      try flush(file)
      try file.append(sealed.bytes)
      writtenSize += sealed.bytes.count
    } else {
      bytes.append(contentsOf: sealed.bytes)
    }
    blobs.append(
      PackedBlob(
        id: id, type: type, offset: offset, length: UInt32(sealed.bytes.count),
        uncompressedLength: sealed.uncompressedLength))
  }

  /// Adds the header, which makes it a whole pack file (restic-format section 5), and returns the file's name.
  mutating func close(_ hash: SHA256, _ cipher: AuthenticatedCipher) throws(StoreError) -> PackID {
    let header = cipher.seal(PackHeader.encode(blobs))
    bytes += header
    withUnsafeBytes(of: UInt32(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    guard let file else { return bytes.withUnsafeBytes { hash.digest(of: $0) } }
    try flush(file)
    return file.digest()
  }

  private mutating func flush(_ file: PartialObject) throws(StoreError) {
    try bytes.withUnsafeBufferPointer { bytes throws(StoreError) in
      try file.append(UnsafeRawBufferPointer(bytes))
    }
    writtenSize += bytes.count
    bytes.removeAll(keepingCapacity: true)
  }

  /// Its memory, for another one; it is empty afterwards.
  mutating func takeMemory() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}
