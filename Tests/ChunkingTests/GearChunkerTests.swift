import Chunking
import Cryptography
import TestSupport
import Testing

@Suite("Content-defined chunks")
struct GearChunkerTests {
  private let chunker = GearChunker(GearTable(secret: Array("a secret".utf8)))

  private func randomData(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
  }

  private func lengths(_ data: [UInt8]) -> [Int] {
    data.withUnsafeBytes { bytes in
      var lengths: [Int] = []
      var start = 0
      while start < bytes.count {
        let length = chunker.cut(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        lengths.append(length)
        start += length
      }
      return lengths
    }
  }

  /// The rule of the documentation, byte by byte.
  private func plainCut(_ data: ArraySlice<UInt8>, _ numbers: [UInt64]) -> Int {
    let mask = (UInt64(1) << 19 - 1) << 44
    let bytes = Array(data.prefix(GearChunker.maximum))
    var hash: UInt64 = 0
    for (index, byte) in bytes.enumerated() where index >= GearChunker.minimum - 64 {
      hash = hash << 1 &+ numbers[Int(byte)]
      if index + 1 >= GearChunker.minimum, hash & mask == 0 { return index + 1 }
    }
    return bytes.count
  }

  @Test("two bytes a step cut where one byte a step does")
  func exact() {
    let numbers = GearTable(secret: Array("a secret".utf8)).numbersForTests
    var data = randomData(24 << 20, seed: 1)
    data.removeLast(3)
    var start = 0
    for length in lengths(data) {
      #expect(length == plainCut(data[start...], numbers))
      start += length
    }
  }

  @Test("lengths stay between the bounds, about 1 MiB on average")
  func bounds() {
    let lengths = lengths(randomData(64 << 20, seed: 2))
    #expect(lengths.dropLast().allSatisfy { $0 >= GearChunker.minimum && $0 <= GearChunker.maximum })
    #expect((40...90).contains(lengths.count))
  }

  @Test("looking for a cut piece by piece finds the same one")
  func pieces() {
    let data = randomData(20 << 20, seed: 3)
    data.withUnsafeBytes { bytes in
      var start = 0
      for expected in lengths(data) {
        var seen = 0
        var length = 0
        var shown = 300_000
        repeat {
          let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + shown)])
          length = chunker.cut(part, searched: seen)
          seen = part.count
          shown += 300_007
        } while length == seen && length < GearChunker.maximum && start + seen < bytes.count
        #expect(length == expected)
        start += length
      }
    }
  }

  @Test("an insertion changes the chunks around it only")
  func insertion() {
    let data = randomData(32 << 20, seed: 4)
    var changed = data
    changed.insert(contentsOf: [1, 2, 3, 4, 5], at: 10 << 20)
    func ids(_ data: [UInt8]) -> Set<SHA256Digest> {
      var start = 0
      return Set(
        lengths(data).map { length in
          defer { start += length }
          return SHA256Digest(of: Array(data[start..<start + length]))
        })
    }
    #expect(ids(changed).subtracting(ids(data)).count <= 3)
  }

  @Test("zeros are cut at the minimum, and another secret cuts elsewhere")
  func zerosAndSecrets() {
    #expect(lengths([UInt8](repeating: 0, count: 4 << 20)) == [Int](repeating: GearChunker.minimum, count: 8))
    let data = randomData(16 << 20, seed: 5)
    let other = GearChunker(GearTable(secret: Array("another".utf8)))
    let first = data.withUnsafeBytes { other.cut($0) }
    #expect(first != lengths(data).first)
  }

  @Test("zero runs are told from others, whatever their length", arguments: [0, 1, 7, 63, 64, 65, 1000, 70_000])
  func zeroRuns(length: Int) {
    let zeros = [UInt8](repeating: 0, count: length)
    #expect(zeros.withUnsafeBytes { isZero($0) })
    for position in Set([0, length / 2, length - 1]) where position >= 0 && position < length {
      var data = zeros
      data[position] = 1
      #expect(!data.withUnsafeBytes { isZero($0) })
    }
  }
}
