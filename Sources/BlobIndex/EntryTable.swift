internal import Cryptography
internal import ResticFormat

/// Entries by id: a hash table of 32-bit numbers over entries that never move, so that growing copies only numbers.
/// An entry costs 48 bytes and 5 to 11 for the table.
struct EntryTable {
  /// Entries in one allocation.
  private static let chunk = 256

  private var chunks: [[IndexEntry]] = []
  /// An entry's number plus one; 0 is free. As many as a power of two.
  private var slots = [UInt32](repeating: 0, count: 64)
  private(set) var count = 0

  /// The number of the first entry of a blob.
  func find(_ id: BlobID, _ type: BlobType) -> Int? {
    var slot = firstSlot(of: id)
    while slots[slot] != 0 {
      let number = Int(slots[slot] - 1)
      if self[number].isOf(id, type) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The numbers of all entries of a blob, as they were added.
  func all(_ id: BlobID, _ type: BlobType) -> [Int] {
    var found: [Int] = []
    var slot = firstSlot(of: id)
    while slots[slot] != 0 {
      let number = Int(slots[slot] - 1)
      if self[number].isOf(id, type) { found.append(number) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return found
  }

  /// Adds an entry, after those that its blob has: each makes all that are near in the table slower to find.
  mutating func insert(_ entry: IndexEntry) {
    if (count + 1) * 4 > slots.count * 3 { grow() }
    if count % Self.chunk == 0 {
      var new: [IndexEntry] = []
      new.reserveCapacity(Self.chunk)
      chunks.append(new)
    }
    chunks[count / Self.chunk].append(entry)
    link(entry.id, count)
    count += 1
  }

  subscript(number: Int) -> IndexEntry {
    get { chunks[number / Self.chunk][number % Self.chunk] }
    set { chunks[number / Self.chunk][number % Self.chunk] = newValue }
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for number in 0..<count { link(self[number].id, number) }
  }

  private mutating func link(_ id: BlobID, _ number: Int) {
    var slot = firstSlot(of: id)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(number) + 1
  }

  /// Ids are hashes already. The first word picks the shard.
  private func firstSlot(of id: BlobID) -> Int { Int(truncatingIfNeeded: id.words.1) & (slots.count - 1) }
}
