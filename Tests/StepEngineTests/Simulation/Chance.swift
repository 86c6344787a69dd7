import TestSupport

/// All randomness of a history.
struct Chance {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  mutating func bits() -> UInt64 { generator.next() }

  /// True about once in so many.
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  mutating func percent(_ share: Int) -> Bool { below(100) < share }

  mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }

  mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
}
