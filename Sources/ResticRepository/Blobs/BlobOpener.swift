internal import Compression
public import Cryptography
public import ResticFormat

/// Opens sealed blobs and checks them: the tag, the frame, the hash. One thread's tools: make one for each.
public final class BlobOpener {
  /// Larger blobs are refused, so that a hostile pack cannot ask for all memory. Trees of huge directories are large.
  /// `BlobSealer.limit` keeps what we make below it.
  public static let limit = 1 << 30

  private let hash = SHA256()
  private let cipher: AuthenticatedCipher
  private let decompressor = ZstdDecompressor()
  private var opened = ScratchBuffer()
  private var decompressed = ScratchBuffer()

  /// Tools for one thread.
  public init(key: SealingKey) { cipher = AuthenticatedCipher(key) }

  /// The plaintext of a sealed blob, valid until the next call.
  /// - Parameters:
  ///   - sealed: the bytes of the pack from the blob's offset on, as many as its length.
  ///   - id: what the plaintext's hash has to be.
  ///   - uncompressedLength: as the index or the pack's header says; 0 for a blob that is stored raw.
  ///   - pack: for messages.
  /// - Throws: `.corrupt` if anything about it is wrong.
  public func open(
    _ sealed: UnsafeRawBufferPointer, id: BlobID, uncompressedLength: UInt32, pack: PackID
  ) throws(RepositoryError) -> UnsafeRawBufferPointer {
    func corrupt(_ why: String) -> RepositoryError {
      RepositoryError(.corrupt, "blob \(id.shortHex) in pack \(pack.hex) is damaged: \(why)")
    }
    guard sealed.count > AuthenticatedCipher.overhead, sealed.count <= Self.limit else {
      throw corrupt("its length of \(sealed.count) bytes is impossible")
    }
    let body = opened.reserve(sealed.count - AuthenticatedCipher.overhead)
    guard cipher.open(sealed, into: opened.base) else { throw corrupt("it was changed after it was sealed") }
    var plaintext = UnsafeRawBufferPointer(body)
    if uncompressedLength > 0 {
      guard uncompressedLength <= Self.limit else { throw corrupt("it claims \(uncompressedLength) bytes") }
      let target = decompressed.reserve(Int(uncompressedLength))
      guard decompressor.decompress(plaintext, into: target) else { throw corrupt("it does not decompress") }
      plaintext = UnsafeRawBufferPointer(target)
    }
    guard hash.digest(of: plaintext) == id else { throw corrupt("its hash is not its name") }
    return plaintext
  }
}
