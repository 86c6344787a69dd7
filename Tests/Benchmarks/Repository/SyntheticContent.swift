import TestSupport

/// Content for files: the same bytes for the same seed.
struct SyntheticContent {
  private var random: SplitMix64
  private let words: [[UInt8]]

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    // The words are the same for all seeds: texts of one language.
    var letters = SplitMix64(seed: 1)
    words = (0..<8192).map { _ in
      (0..<Int.random(in: 2...11, using: &letters)).map { _ in UInt8.random(in: 97...122, using: &letters) } + [32]
    }
  }

  /// A number of the range.
  mutating func number(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// Fills `target` with bytes that no compressor makes smaller.
  mutating func fillWithNoise(_ target: UnsafeMutableRawBufferPointer) {
    var position = 0
    while position + 8 <= target.count {
      target.storeBytes(of: random.next(), toByteOffset: position, as: UInt64.self)
      position += 8
    }
    while position < target.count {
      target[position] = UInt8(truncatingIfNeeded: random.next())
      position += 1
    }
  }

  /// Fills `target` with words, some far more frequent than others: zstd makes them about 0.4 times as large.
  mutating func fillWithText(_ target: UnsafeMutableRawBufferPointer) {
    var position = 0
    while position < target.count {
      let draw = random.next()
      let (a, b) = (draw & 0xffff_ffff, draw >> 32)
      // The product of two uniform numbers favours the small ones.
      let word = words[Int((a * b) >> 51)]
      for byte in word.prefix(target.count - position) {
        target[position] = byte
        position += 1
      }
      if draw & 15 == 0 { target[position - 1] = 10 }
    }
  }
}
