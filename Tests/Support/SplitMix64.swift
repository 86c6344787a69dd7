import Foundation

/// A small seeded random number generator (Steele, Lea, Flood 2014), so that a property test can be played again.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  /// What it started from.
  public let seed: UInt64
  private var state: UInt64

  /// One that always gives the same numbers for the same seed.
  public init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// One whose seed comes from `HOLDFAST_SEED` or else from chance, and is printed to standard error.
  public static func announced(_ test: String = #function) -> SplitMix64 {
    let given = ProcessInfo.processInfo.environment["HOLDFAST_SEED"].flatMap { UInt64($0) }
    let generator = SplitMix64(seed: given ?? .random(in: .min ... .max))
    FileHandle.standardError.write(Data("\(test): play again with HOLDFAST_SEED=\(generator.seed)\n".utf8))
    return generator
  }

  /// The next number, uniform over all values.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
