/// Cuts files where their content says so, so that an insertion moves a few chunks and not all that follow.
///
/// A gear hash (Xia et al., FastCDC, USENIX ATC 2016) of the last 64 bytes; a cut is where 19 of its upper bits are zero.
/// Chunks have 512 KiB to 8 MiB, 1 MiB on average. The state starts anew at each cut.
public struct GearChunker: Sendable {
  /// No chunk but a file's last is shorter.
  public static let minimum = 512 << 10
  /// No chunk is longer.
  public static let maximum = 8 << 20
  /// How many bytes the hash looks back: each step shifts the oldest out.
  private static let window = 64
  /// 19 bits: a cut every 512 KiB on average. Not the uppermost bit, which is gone after the first of two bytes.
  private static let mask = (UInt64(1) << 19 - 1) << 44

  /// Each number beside the same, shifted by one: the hash takes two bytes a step.
  private let tables: [UInt64]

  /// A chunker with the repository's table.
  public init(_ table: GearTable) {
    tables = table.numbers + table.numbers.map { $0 << 1 }
  }

  /// The length of the first chunk of `bytes`, at most `maximum`.
  ///
  /// All of `bytes` when no cut was found: unless that is the maximum or the file's end, call again with more behind them.
  /// - Parameter searched: how many bytes an earlier call for the same chunk has seen already.
  public func cut(_ bytes: UnsafeRawBufferPointer, searched: Int = 0) -> Int {
    let end = min(bytes.count, Self.maximum)
    guard end > Self.minimum, let base = bytes.baseAddress else { return end }
    let start = base.assumingMemoryBound(to: UInt8.self)
    return tables.withUnsafeBufferPointer { tables in
      guard let first = tables.baseAddress else { return end }  // never: it has 512 numbers
      return Self.search(start, from: max(Self.minimum, searched), to: end, first)
    }
  }

  /// Everything is a local here: the loop's speed depends on it.
  private static func search(
    _ bytes: UnsafePointer<UInt8>, from: Int, to end: Int, _ tables: UnsafePointer<UInt64>
  ) -> Int {
    let single = tables
    let shifted = tables + 256
    var hash: UInt64 = 0
    var position = from - window
    while position < from {
      hash = hash &<< 1 &+ single[Int(bytes[position])]
      position += 1
    }
    if hash & mask == 0 { return from }
    let mask = Self.mask
    let shiftedMask = mask &<< 1
    while position &+ 2 <= end {
      hash = hash &<< 2 &+ shifted[Int(bytes[position])]
      if hash & shiftedMask == 0 { return position + 1 }
      hash = hash &+ single[Int(bytes[position &+ 1])]
      if hash & mask == 0 { return position + 2 }
      position &+= 2
    }
    if position < end {
      hash = hash &<< 1 &+ single[Int(bytes[position])]
      if hash & mask == 0 { return position + 1 }
    }
    return end
  }
}
