import Compression
import TestSupport
import Testing

@Suite("zstd frames")
struct ZstdTests {
  private let text = Array(String(repeating: "the same again and ", count: 5000).utf8)

  @Test("what was compressed comes back", arguments: [1, 3, 9])
  func roundTrip(level: Int) throws {
    let frame = ZstdCompressor(level: level).compress(text)
    #expect(frame.count < text.count / 10)
    #expect(try frame.withUnsafeBytes { try ZstdDecompressor().decompress($0, limit: text.count) } == text)
  }

  @Test("a frame that does not fit is refused, not cut")
  func noRoom() {
    var random = SplitMix64(seed: 1)
    let noise = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 9_000, alignment: 8)
    defer { room.deallocate() }
    #expect(noise.withUnsafeBytes { ZstdCompressor(level: 3).compress($0, into: room) } == nil)
  }

  @Test("a small frame that claims to be huge allocates nothing")
  func bomb() {
    // Magic, a frame header with an eight-byte content size, and one empty last block.
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0xe0] + [UInt8](repeating: 0xff, count: 7) + [0x7f, 1, 0, 0]
    #expect(throws: ZstdError.tooLarge(limit: 1 << 20)) {
      try frame.withUnsafeBytes { try ZstdDecompressor().decompress($0, limit: 1 << 20) }
    }
  }

  @Test("damaged and truncated frames are errors")
  func damage() {
    let frame = ZstdCompressor(level: 3).compress(text)
    let decompressor = ZstdDecompressor()
    for length in 0..<frame.count {
      #expect(throws: ZstdError.self) {
        try Array(frame.prefix(length)).withUnsafeBytes { try decompressor.decompress($0, limit: 1 << 20) }
      }
    }
  }
}
