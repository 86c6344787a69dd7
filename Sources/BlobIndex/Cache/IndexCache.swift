public import Concurrency
public import Cryptography
public import ResticFormat

/// What index files say, sorted and mapped from a local file: opening it costs no memory and hardly any time.
///
/// It keeps everything: a blob that lies in two packs has two entries. It was checked as a whole when it was opened, and
/// is replaced, never written, while it is in use.
public final class IndexCache: Sendable {
  let layout: CacheLayout
  private let map: MappedBytes
  let file: CacheFile

  private init(layout: CacheLayout, map: MappedBytes, file: CacheFile) {
    self.layout = layout
    self.map = map
    self.file = file
  }

  /// Opens a cache and checks all of it, on `pool`.
  /// - Parameter key: a secret of the repository.
  /// - Returns: nil if there is none.
  /// - Throws: if it is damaged, another repository's, or of another version; it has to be built anew then.
  public static func open(_ path: String, key: [UInt8], pool: BlockingPool) async throws -> IndexCache? {
    guard let (file, header, layout) = try await pool.run({ try begin(path) }) else { return nil }
    let parts = min(pool.size, layout.blocks)
    let hashes = try await withThrowingTaskGroup(of: [(Int, SHA256Digest)].self) { group in
      for part in 0..<parts {
        group.addTask {
          try await pool.run { try hashBlocks(stride(from: part, to: layout.blocks, by: parts), file, layout) }
        }
      }
      var all = [SHA256Digest](repeating: SHA256Digest(words: (0, 0, 0, 0)), count: layout.blocks)
      for try await part in group {
        for (number, hash) in part { all[number] = hash }
      }
      return all
    }
    guard layout.matches(header, hashes, key: key) else {
      throw IndexCacheError("the index cache \(path) is damaged, or another repository's")
    }
    let map = try await pool.run { try file.mapped(layout.end) }
    return IndexCache(layout: layout, map: map, file: file)
  }

  private static func begin(_ path: String) throws(IndexCacheError) -> (CacheFile, [UInt8], CacheLayout)? {
    guard let file = try CacheFile.existing(path) else { return nil }
    let size = try file.size()
    guard size >= CacheLayout.headerSize else { throw IndexCacheError("the index cache \(path) is cut off") }
    let header = try file.read(CacheLayout.headerSize, UInt8.self, at: 0)
    guard let layout = CacheLayout(header: header, fileSize: size) else {
      throw IndexCacheError("the index cache \(path) is damaged, or of another version of holdfast")
    }
    return (file, header, layout)
  }

  private static func hashBlocks(
    _ numbers: StrideTo<Int>, _ file: CacheFile, _ layout: CacheLayout
  ) throws(IndexCacheError) -> [(Int, SHA256Digest)] {
    let hash = SHA256()
    // Read, not mapped: pages of the map would count as this process's memory.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: CacheLayout.blockSize, alignment: 16)
    defer { buffer.deallocate() }
    var result: [(Int, SHA256Digest)] = []
    for number in numbers {
      let range = layout.block(number)
      let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
      try file.read(into: block, at: range.lowerBound)
      result.append((number, hash.digest(of: UnsafeRawBufferPointer(block))))
    }
    return result
  }

  // MARK: - What it holds

  /// How many blobs it lists; one that lies in two packs counts twice.
  public var count: Int { layout.entries }

  /// The index files that it covers. Those that another one of them replaced are among them.
  public var files: [FileID] { (0..<layout.files).map { digest(CacheLayout.headerSize + $0 * CacheLayout.fileSize) } }

  var packCount: Int { layout.packs }

  func pack(_ number: Int) -> BlobIndex.Pack {
    precondition((0..<layout.packs).contains(number), "A cache was asked for a pack that it doesn't have.")
    let start = layout.packsStart + number * CacheLayout.packSize
    return BlobIndex.Pack(id: digest(start), size: Int(load(start + 32, as: Int64.self)))
  }

  /// The number, among `files`, of the index file that lists a pack.
  func source(ofPack number: Int) -> Int {
    Int(load(layout.packsStart + number * CacheLayout.packSize + 40, as: UInt32.self))
  }

  /// The entry of a blob; of several, the one with the first pack.
  func find(_ id: BlobID, _ type: BlobType) -> IndexEntry? {
    position(of: id, type).map { entry($0) }
  }

  /// The entries of a blob, the one with the first pack first; at most `limit`.
  func all(_ id: BlobID, _ type: BlobType, limit: Int) -> [IndexEntry] {
    guard let first = position(of: id, type) else { return [] }
    var found: [IndexEntry] = []
    for number in first..<min(first + limit, layout.entries) {
      let next = entry(number)
      guard next.isOf(id, type), Int(next.pack) < layout.packs else { break }
      found.append(next)
    }
    return found
  }

  /// The place of a blob's first entry.
  private func position(of id: BlobID, _ type: BlobType) -> Int? {
    let prefix = Int(id.words.0 >> 48)
    let start = layout.prefixesStart + prefix * 4
    var low = Int(load(start, as: UInt32.self))
    let end = min(Int(load(start + 4, as: UInt32.self)), layout.entries)
    var high = end
    let wanted = IndexEntry(id: id, type: type, pack: 0)
    while low < high {
      let middle = low + (high - low) / 2
      if entry(middle) < wanted { low = middle + 1 } else { high = middle }
    }
    guard low < end else { return nil }
    let found = entry(low)
    return found.isOf(id, type) && Int(found.pack) < layout.packs ? low : nil
  }

  private func entry(_ number: Int) -> IndexEntry {
    load(layout.entriesStart + number * CacheLayout.entrySize, as: IndexEntry.self)
  }

  private func digest(_ offset: Int) -> SHA256Digest { load(offset, as: SHA256Digest.self) }

  private func load<Value: BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
    precondition(
      offset >= 0 && offset <= map.bytes.count - MemoryLayout<Value>.size, "A place beyond the end of a cache.")
    return map.bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }
}
