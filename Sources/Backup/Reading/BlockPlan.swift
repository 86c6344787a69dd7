internal import BlobIndex
internal import Chunking
internal import ResticFormat

/// How an image is cut: in blocks of one size at fixed places, so that what changes in a block changes nothing else.
struct BlockPlan: Sendable {
  /// Bytes of a block; a power of two from 4 KiB to 8 MiB.
  let blockSize: Int
  /// Bytes of a blob of zeros; a unit is a multiple.
  let zeroLength: Int
  /// The parent's blocks.
  private let known: [Int: (end: Int, index: Int)]
  private let knownContent: [BlobID]
  /// What may have changed since; nil for anywhere.
  private let changed: [Range<Int>]?

  /// Bytes that are looked at together: all zero, or blocks.
  var unit: Int { max(blockSize, zeroChunkLength) }

  /// - Parameters:
  ///   - size: bytes of the image.
  ///   - blobLimit: how many blobs an image can have at most. If zeros of the usual length could be more than half of that, there
  ///     is one blob for a whole unit of them; else not, as restic knows the usual one by heart.
  ///   - known: the parent's content of the same image.
  ///   - changed: what may have changed since then.
  init(
    blockSize: Int, size: Int, blobLimit: Int, known: [BlobID], index: BlobIndex, changed: [Range<Int>]?
  ) {
    self.blockSize = blockSize
    zeroLength = size / zeroChunkLength > blobLimit / 2 ? max(blockSize, zeroChunkLength) : zeroChunkLength
    self.changed = changed.map(Self.merged)
    var places: [Int: (end: Int, index: Int)] = [:]
    if changed != nil {
      places.reserveCapacity(known.count)
      var position = 0
      for (number, id) in known.enumerated() {
        // Behind a blob that isn't there any more the places of the others are unknown.
        guard let length = index.location(of: id, .data)?.plaintextLength else { break }
        places[position] = (position + length, number)
        position += length
      }
    }
    self.known = places
    knownContent = known
  }

  /// The parent's blobs of a stretch that has not changed; nil if it may have, or they are not cut there.
  func unchanged(_ range: Range<Int>) -> ArraySlice<BlobID>? {
    guard let changed, !Self.overlaps(changed, range), let first = known[range.lowerBound] else { return nil }
    var last = first
    while last.end < range.upperBound, let next = known[last.end] { last = next }
    return last.end == range.upperBound ? knownContent[first.index...last.index] : nil
  }

  /// Blocks that suit the size of an image: larger ones for a large image, so that its list stays short.
  static func blockSize(for size: Int) -> Int {
    var block = 256 << 10
    while block < 8 << 20, size / block > 1 << 18 { block *= 2 }
    return block
  }

  private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// Whether sorted ranges that don't touch have something in a stretch.
  private static func overlaps(_ ranges: [Range<Int>], _ stretch: Range<Int>) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= stretch.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound < stretch.upperBound
  }
}
