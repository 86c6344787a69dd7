/// How thoroughly a repository is checked.
public struct CheckRequest: Sendable, Equatable {
  /// Which packs are read and verified, down to each blob's hash.
  public enum DataSelection: Sendable, Equatable {
    /// None: only the index, the presence of packs, and all trees.
    case none
    /// All.
    case all
    /// Part `part` (from 1 on) of `parts` equal ones: after as many checks, all were read.
    case part(Int, of: Int)
    /// So many per cent of the packs, by chance.
    case percent(Double)
    /// Packs of so many bytes together, by chance.
    case bytes(Int)
  }

  /// Which packs are read.
  public var data = DataSelection.none

  /// A check of the structure alone.
  public init() {}

  /// A check that reads these packs, too.
  public init(data: DataSelection) { self.data = data }
}

extension CheckRequest.DataSelection {
  /// The selection that restic's `--read-data-subset` names: `3/10`, `2.5%`, `50M` (K, M, G and T are powers of 1024); nil
  /// for anything else.
  public init?(subset text: String) {
    if let percent = text.wholeSuffix("%") {
      guard let value = Double(percent), value > 0, value <= 100 else { return nil }
      self = .percent(value)
    } else if text.contains("/") {
      let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let part = numbers[0], let parts = numbers[1], (1...256).contains(parts),
        (1...parts).contains(part)
      else { return nil }
      self = .part(part, of: parts)
    } else {
      guard let bytes = Self.bytes(text) else { return nil }
      self = .bytes(bytes)
    }
  }

  private static func bytes(_ text: String) -> Int? {
    for (letter, power) in [("K", 10), ("M", 20), ("G", 30), ("T", 40)] {
      guard let digits = text.wholeSuffix(letter) ?? text.wholeSuffix(letter.lowercased()) else { continue }
      guard let value = Int(digits), value > 0, value < 1 << (62 - power) else { return nil }
      return value << power
    }
    return Int(text).flatMap { $0 > 0 ? $0 : nil }
  }
}

extension String {
  /// What is before `suffix`; nil if that isn't its end.
  fileprivate func wholeSuffix(_ suffix: String) -> Substring? { hasSuffix(suffix) ? dropLast(suffix.count) : nil }
}

/// What a check found.
public struct CheckResult: Sendable, Equatable {
  /// What is wrong, a sentence each; the first thousand.
  public var problems: [String] = []
  /// How many things are wrong.
  public var problemCount = 0
  /// What is unusual but harmless, a sentence each.
  public var hints: [String] = []
  /// Snapshots that were looked at.
  public var snapshots = 0
  /// Packs that index files list.
  public var packs = 0
  /// Different blobs that they list.
  public var blobs = 0
  /// Blobs that a snapshot relies on.
  public var usedBlobs = 0
  /// Packs that were read and verified.
  public var packsRead = 0
  /// Bytes of these packs.
  public var bytesRead = 0

  /// Whether nothing is wrong.
  public var isClean: Bool { problemCount == 0 }
}
