import Cryptography
import Glibc
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Sealed blobs")
struct BlobSealerTests {
  private let key = SealingKey.random()

  /// The sealed bytes, after they were opened and compared.
  private func seal(_ plaintext: [UInt8], _ mode: CompressionMode) throws -> (count: Int, uncompressedLength: UInt32) {
    let sealer = BlobSealer(key: key, compression: mode)
    let opener = BlobOpener(key: key)
    return try plaintext.withUnsafeBytes { plaintext in
      let sealed = try sealer.seal(plaintext, type: .data)
      let opened = try opener.open(
        sealed.bytes, id: sealer.id(of: plaintext), uncompressedLength: sealed.uncompressedLength,
        pack: SHA256Digest(of: []))
      withExtendedLifetime(opener) { #expect(opened.elementsEqual(plaintext)) }
      return (sealed.bytes.count, sealed.uncompressedLength)
    }
  }

  private func noise(_ count: Int) -> [UInt8] {
    var random = SplitMix64(seed: 7)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }

  @Test("what looks random is stored raw", arguments: [CompressionMode.auto, .level(3)])
  func raw(_ mode: CompressionMode) throws {
    let noise = noise(256 << 10)
    let sealed = try seal(noise, mode)
    #expect(sealed.count == noise.count + AuthenticatedCipher.overhead)
    #expect(sealed.uncompressedLength == 0)
  }

  @Test("a stretch of text is found wherever it lies in noise", arguments: [0, 13_000, 100_000, 240_000])
  func stretch(_ start: Int) throws {
    var mixed = noise(256 << 10)
    for index in start..<start + 16_000 { mixed[index] = UInt8(ascii: "a") + UInt8(index % 7) }
    let sealed = try seal(mixed, .auto)
    #expect(sealed.uncompressedLength == UInt32(mixed.count))
    #expect(sealed.count < mixed.count - 14_000)
  }

  @Test("texts shrink, and what is off does not")
  func text() throws {
    let text = (0..<40_000).flatMap { Array("line \($0 % 977)\n".utf8) }
    #expect(try seal(text, .auto).count < text.count / 4)
    #expect(try seal(text, .off).count == text.count + AuthenticatedCipher.overhead)
  }

  @Test("what nobody could open is not sealed: nothing, and more than the limit")
  func limits() throws {
    #expect(BlobSealer.limit < BlobOpener.limit)
    let sealer = BlobSealer(key: key, compression: .auto)
    let large = try #require(
      mmap(nil, BlobSealer.limit + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
    defer { munmap(large, BlobSealer.limit + 1) }
    for count in [0, BlobSealer.limit + 1] {
      let error = #expect(throws: RepositoryError.self) {
        _ = try sealer.seal(UnsafeRawBufferPointer(start: large, count: count), type: .tree)
      }
      #expect(error?.kind == .badRequest)
    }
  }
}
