internal import Compression
public import Cryptography
internal import Glibc
public import ResticFormat

/// Turns plaintext into sealed blobs, and checks each by turning it back. One thread's tools: make one for each.
public final class BlobSealer {
  /// The most bytes of a plaintext: sealed, it is not more than a `BlobOpener` takes, even if it does not compress.
  public static let limit = BlobOpener.limit - (8 << 20)

  /// A blob ready to be put into a pack.
  public struct Sealed {
    /// The bytes, valid until the sealer's next call.
    public let bytes: UnsafeRawBufferPointer
    /// The plaintext's length if it was compressed, else 0.
    public let uncompressedLength: UInt32
  }

  private let hash = SHA256()
  private let cipher: AuthenticatedCipher
  private let mode: CompressionMode
  private let compressor: ZstdCompressor
  private let decompressor = ZstdDecompressor()
  /// nonce, frame, tag
  private var sealed = ScratchBuffer()
  private var opened = ScratchBuffer()
  private var decompressed = ScratchBuffer()

  /// Tools for one thread.
  public init(key: SealingKey, compression: CompressionMode) {
    cipher = AuthenticatedCipher(key)
    mode = compression
    compressor = compression.compressor()
  }

  /// The id of a blob: the hash of its plaintext.
  public func id(of plaintext: UnsafeRawBufferPointer) -> BlobID { hash.digest(of: plaintext) }

  /// Compresses where that pays, seals, and checks the result by opening it again.
  /// - Throws: `.selfCheck` if it does not open to the same bytes, `.badRequest` if it is empty or longer than `limit`.
  public func seal(_ plaintext: UnsafeRawBufferPointer, type: BlobType) throws(RepositoryError) -> Sealed {
    guard !plaintext.isEmpty, plaintext.count <= Self.limit else {
      throw RepositoryError(
        .badRequest, "a blob of \(plaintext.count) bytes can't be stored: one has 1 to \(Self.limit) bytes")
    }
    let frame = compress(plaintext, type: type)
    let bytes: UnsafeMutableRawBufferPointer
    if let frame {
      // In place: counter mode allows it.
      bytes = UnsafeMutableRawBufferPointer(rebasing: sealed.all[0..<frame.count + AuthenticatedCipher.overhead])
      cipher.seal(frame, into: sealed.base)
    } else {
      bytes = sealed.reserve(plaintext.count + AuthenticatedCipher.overhead)
      cipher.seal(plaintext, into: sealed.base)
    }
    let result = Sealed(
      bytes: UnsafeRawBufferPointer(bytes), uncompressedLength: frame == nil ? 0 : UInt32(plaintext.count))
    try verify(result, plaintext)
    return result
  }

  /// The frame, at its place behind the nonce; nil if the plaintext is to be stored raw.
  private func compress(_ plaintext: UnsafeRawBufferPointer, type: BlobType) -> UnsafeRawBufferPointer? {
    guard mode != .never else { return nil }
    let room: Int
    if type == .tree {
      room = ZstdCompressor.bound(plaintext.count)  // always compressed: prune would rewrite a raw one
    } else {
      guard mode != .off, !looksRandom(plaintext) else { return nil }
      room = plaintext.count - plaintext.count / 64
    }
    let target = sealed.reserve(room + AuthenticatedCipher.overhead)
    let place = UnsafeMutableRawBufferPointer(rebasing: target[16..<16 + room])
    guard let count = compressor.compress(plaintext, into: place) else { return nil }
    return UnsafeRawBufferPointer(rebasing: place[..<count])
  }

  /// Looks at a few bytes of each 8 KiB: encrypted and compressed data cost next to nothing then.
  private func looksRandom(_ plaintext: UnsafeRawBufferPointer) -> Bool {
    guard plaintext.count >= 64 << 10 else { return false }
    return stride(from: 0, through: plaintext.count - 256, by: 8 << 10).allSatisfy { start in
      // 256 random bytes have 162 different values, give or take 5; texts have 50, code and sound 120 at most.
      differentBytes(UnsafeRawBufferPointer(rebasing: plaintext[start..<start + 256])) >= 145
    }
  }

  private func differentBytes(_ bytes: UnsafeRawBufferPointer) -> Int {
    var seen = SIMD4<UInt64>()
    for byte in bytes { seen[Int(byte >> 6)] |= 1 &<< UInt64(byte & 63) }
    return (0..<4).reduce(0) { $0 + seen[$1].nonzeroBitCount }
  }

  private func verify(_ result: Sealed, _ plaintext: UnsafeRawBufferPointer) throws(RepositoryError) {
    guard let source = plaintext.baseAddress else { return }
    let body = opened.reserve(result.bytes.count - AuthenticatedCipher.overhead)
    var matches = cipher.open(result.bytes, into: opened.base)
    if matches, result.uncompressedLength > 0 {
      let target = decompressed.reserve(plaintext.count)
      matches = decompressor.decompress(UnsafeRawBufferPointer(body), into: target)
      matches = matches && memcmp(decompressed.base, source, plaintext.count) == 0
    } else if matches {
      matches = body.count == plaintext.count && memcmp(opened.base, source, plaintext.count) == 0
    }
    guard matches else {
      throw RepositoryError(
        .selfCheck,
        "a blob that was just made does not read back: the memory or the processor of this machine makes mistakes; test both, and back up from another machine until then"
      )
    }
  }
}
