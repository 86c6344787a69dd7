public import Cryptography
internal import Glibc
public import ResticFormat

/// Makes a cache file of index files, and of an older cache of some of them.
///
/// Memory stays at about 70 MB however many blobs there are: sorted runs go into files without a name next to the cache.
/// Its calls block; one thread at a time.
public struct IndexCacheBuilder: ~Copyable {
  private struct Source {
    var id: FileID
    var isDropped: Bool
  }

  private struct ListedPack {
    var pack: BlobIndex.Pack
    var source: Int
  }

  private let path: String
  private let temporary: String
  private let key: [UInt8]
  private let base: IndexCache?
  private let runLimit: Int
  private let output: CacheFile
  private var sources: [Source] = []
  private var superseded: Set<FileID> = []
  /// Those of index files that were added; their numbers follow the base's.
  private var packs: [ListedPack] = []
  private var entries: [IndexEntry] = []
  private var runs: [SortedRun] = []

  /// Begins the cache that will be at `path`, whose folder must be there.
  /// - Parameters:
  ///   - base: its content is taken over as far as the index files in `keeping` are concerned.
  ///   - keeping: the index files that the repository has.
  ///   - runLimit: entries that are held in memory.
  public init(
    path: String, key: [UInt8], base: IndexCache?, keeping: Set<FileID>, runLimit: Int = 1 << 20
  ) throws(IndexCacheError) {
    self.path = path
    self.key = key
    self.base = base
    self.runLimit = runLimit
    temporary = "\(path)-tmp-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    output = try CacheFile.new(temporary)
    sources = (base?.files ?? []).map { Source(id: $0, isDropped: !keeping.contains($0)) }
  }

  // The file has its final name by then, unless something failed.
  deinit { unlink(temporary) }

  /// Adds an index file.
  /// - Parameter supersedes: index files that are to be ignored.
  public mutating func add(
    file: FileID, supersedes: [FileID], packs added: [(id: PackID, blobs: [PackedBlob])]
  ) throws(IndexCacheError) {
    superseded.formUnion(supersedes)
    let source = sources.count
    sources.append(Source(id: file, isDropped: false))
    for pack in added {
      let number = (base?.packCount ?? 0) + packs.count
      guard number < IndexEntry.packLimit else { throw IndexCacheError("there are too many packs for an index cache") }
      packs.append(ListedPack(pack: .init(id: pack.id, size: packFileSize(pack.blobs)), source: source))
      for blob in pack.blobs { entries.append(IndexEntry(blob, pack: UInt32(number))) }
      if entries.count >= runLimit { try spill() }
    }
  }

  /// Writes the cache and puts it in its place.
  public mutating func finish() throws(IndexCacheError) {
    for number in sources.indices where superseded.contains(sources[number].id) { sources[number].isDropped = true }
    var layout = CacheLayout()
    var writer = BlockWriter(output)
    layout.files = try writeFiles(&writer)
    let numbers: [UInt32?]
    (numbers, layout.packs) = try writePacks(&writer)
    let prefixes: [UInt32]
    (prefixes, layout.entries) = try writeEntries(&writer, numbers)
    try prefixes.withUnsafeBufferPointer { values throws(IndexCacheError) in
      try writer.append(UnsafeRawBufferPointer(values))
    }
    // Not synced to the disk: a crash may leave a damaged file, which shows when it is opened.
    try writer.finish(layout, key: key)
    guard rename(temporary, path) == 0 else { throw IndexCacheError(path, "put in its place", errno: errno) }
  }

  // MARK: - Sections

  /// Superseded files stay listed, so that nobody reads them again; files that are gone do not.
  private func isListed(_ source: Source) -> Bool { !source.isDropped || superseded.contains(source.id) }

  private func writeFiles(_ writer: inout BlockWriter) throws(IndexCacheError) -> Int {
    var count = 0
    for source in sources where isListed(source) {
      try writer.append(source.id)
      try writer.append(UInt64(0))
      count += 1
    }
    return count
  }

  /// Returns each pack's new number, nil for those whose index file is gone, and how many are left.
  private func writePacks(_ writer: inout BlockWriter) throws(IndexCacheError) -> (numbers: [UInt32?], count: Int) {
    var sourceNumbers: [UInt32] = []
    var listed: UInt32 = 0
    for source in sources {
      sourceNumbers.append(listed)
      if isListed(source) { listed += 1 }
    }
    var numbers: [UInt32?] = []
    var count: UInt32 = 0
    func write(_ pack: BlobIndex.Pack, source: Int) throws(IndexCacheError) {
      guard source < sources.count, !sources[source].isDropped else { return numbers.append(nil) }
      try writer.append(pack.id)
      try writer.append(Int64(pack.size))
      try writer.append(sourceNumbers[source])
      try writer.append(UInt32(0))
      numbers.append(count)
      count += 1
    }
    if let base {
      for number in 0..<base.packCount { try write(base.pack(number), source: base.source(ofPack: number)) }
    }
    for pack in packs { try write(pack.pack, source: pack.source) }
    return (numbers, Int(count))
  }

  /// Merges the base and the runs; returns where each prefix begins, and how many entries there are.
  private mutating func writeEntries(
    _ writer: inout BlockWriter, _ numbers: [UInt32?]
  ) throws(IndexCacheError) -> (prefixes: [UInt32], count: Int) {
    if !entries.isEmpty { try spill() }
    if let base {
      runs.append(try SortedRun(base.file, at: base.layout.entriesStart, count: base.layout.entries))
    }
    var prefixes: [UInt32] = []
    prefixes.reserveCapacity(CacheLayout.prefixes + 1)
    var count = 0
    while var entry = try takeLowest() {
      guard let pack = Int(entry.pack) < numbers.count ? numbers[Int(entry.pack)] : nil else { continue }
      entry.pack = pack
      let prefix = Int(entry.id.words.0 >> 48)
      while prefixes.count <= prefix { prefixes.append(UInt32(count)) }
      try writer.append(entry)
      count += 1
      guard count < Int(UInt32.max) else { throw IndexCacheError("there are too many blobs for an index cache") }
    }
    while prefixes.count <= CacheLayout.prefixes { prefixes.append(UInt32(count)) }
    return (prefixes, count)
  }

  private mutating func takeLowest() throws(IndexCacheError) -> IndexEntry? {
    var lowest: (run: Int, entry: IndexEntry)?
    for number in runs.indices {
      guard let entry = runs[number].first else { continue }
      if let known = lowest, !(entry < known.entry) { continue }
      lowest = (number, entry)
    }
    guard let lowest else { return nil }
    try runs[lowest.run].advance()
    return lowest.entry
  }

  private mutating func spill() throws(IndexCacheError) {
    entries.sort(by: <)
    let name = "\(temporary)-\(runs.count)"
    let file = try CacheFile.new(name)
    unlink(name)
    try entries.withUnsafeBufferPointer { values throws(IndexCacheError) in
      try file.write(UnsafeRawBufferPointer(values), at: 0)
    }
    runs.append(try SortedRun(file, at: 0, count: entries.count))
    entries.removeAll(keepingCapacity: true)
  }
}
