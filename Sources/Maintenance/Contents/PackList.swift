internal import BlobIndex
internal import Cryptography
internal import ResticFormat

/// What all index files say, pack by pack: for work on the whole repository. 60 bytes of memory for a blob.
struct PackList: Sendable {
  /// A pack as an index file lists it.
  struct Pack: Sendable {
    let id: PackID
    /// The length that its file has if the list is right.
    let size: Int
    /// Its blobs' numbers, by their offsets.
    let blobs: Range<Int>
    /// The numbers of the index files that list it.
    var files: [Int]
  }

  private(set) var files: [FileID] = []
  private(set) var packs: [Pack] = []
  private(set) var blobs: [PackedBlob] = []
  /// Packs that are listed more than once, each time with the same blobs.
  private(set) var repeated: Set<PackID> = []
  /// Packs that are listed with different blobs, with what other files list than the first.
  private(set) var contradicted: [PackID: [PackedBlob]] = [:]
  /// More places of a blob, by the number of its first.
  private(set) var copies: [Int: [Int]] = [:]
  private var packNumbers: [PackID: Int] = [:]
  /// A blob's number plus one, at the place that its id tells; 0 is free. As many as a power of two.
  private var slots = [UInt32](repeating: 0, count: 1 << 10)
  private var firstCount = 0

  /// Adds an index file.
  mutating func add(_ id: FileID, _ file: IndexFile) {
    files.append(id)
    for pack in file.packs { add(pack.id, pack.blobs, file: files.count - 1) }
  }

  private mutating func add(_ id: PackID, _ listed: [PackedBlob], file: Int) {
    let sorted = listed.sorted { $0.offset < $1.offset }
    if let known = packNumbers[id] {
      guard blobs[packs[known].blobs].elementsEqual(sorted) else {
        contradicted[id, default: []] += sorted
        return
      }
      repeated.insert(id)
      packs[known].files.append(file)
      return
    }
    let start = blobs.count
    packNumbers[id] = packs.count
    blobs += sorted
    packs.append(Pack(id: id, size: packFileSize(sorted), blobs: start..<blobs.count, files: [file]))
    for number in start..<blobs.count { link(number) }
  }

  private mutating func link(_ number: Int) {
    if (firstCount + 1) * 4 > slots.count * 3 {
      let old = slots
      slots = [UInt32](repeating: 0, count: slots.count * 2)
      for value in old where value != 0 { slots[freeSlot(for: blobs[Int(value) - 1]).slot] = value }
    }
    let (slot, known) = freeSlot(for: blobs[number])
    if let known {
      copies[known, default: []].append(number)
    } else {
      slots[slot] = UInt32(number) + 1
      firstCount += 1
    }
  }

  private func freeSlot(for blob: PackedBlob) -> (slot: Int, known: Int?) {
    var slot = Int(truncatingIfNeeded: blob.id.words.1) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if blobs[number].id == blob.id, blobs[number].type == blob.type { return (slot, number) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (slot, nil)
  }

  /// The number of a blob's first place.
  func number(of id: BlobID, _ type: BlobType) -> Int? {
    freeSlot(for: PackedBlob(id: id, type: type, offset: 0, length: 0, uncompressedLength: 0)).known
  }

  /// The numbers of all places of a blob.
  func places(of id: BlobID, _ type: BlobType) -> [Int] {
    number(of: id, type).map { [$0] + (copies[$0] ?? []) } ?? []
  }

  /// The number of the pack that has the blob of a number.
  func packNumber(of blob: Int) -> Int {
    // The blobs of one pack after the other are numbered.
    var low = 0
    var high = packs.count - 1
    while low < high {
      let middle = (low + high) / 2
      if packs[middle].blobs.upperBound > blob { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The pack that has the blob of a number.
  func packID(of blob: Int) -> PackID { packs[packNumber(of: blob)].id }

  /// A listed pack.
  func pack(_ id: PackID) -> Pack? { packNumbers[id].map { packs[$0] } }

  /// Different blobs that it has.
  var blobCount: Int { firstCount }

  /// An index of trees, to read them: of their first places, so that a damaged one is found though another is good; or of all
  /// places, so that a good one is found.
  func treeIndex(allPlaces: Bool) -> BlobIndex {
    let index = BlobIndex()
    for pack in packs {
      let trees = pack.blobs.filter {
        blobs[$0].type == .tree && (allPlaces || number(of: blobs[$0].id, .tree) == $0)
      }.map { blobs[$0] }
      if !trees.isEmpty { index.add(pack: pack.id, size: pack.size, blobs: trees) }
    }
    return index
  }
}
