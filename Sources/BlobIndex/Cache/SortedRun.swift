/// Sorted entries in a file, read once from the first to the last.
struct SortedRun {
  private static let bufferEntries = 4096

  private let file: CacheFile
  private var next: Int
  private let end: Int
  private var buffer: [IndexEntry] = []
  private var position = 0

  /// The `count` entries that lie from `offset` on.
  init(_ file: CacheFile, at offset: Int, count: Int) throws(IndexCacheError) {
    self.file = file
    next = offset
    end = offset + count * CacheLayout.entrySize
    try fill()
  }

  /// The entry that is next; nil at the end.
  var first: IndexEntry? { position < buffer.count ? buffer[position] : nil }

  mutating func advance() throws(IndexCacheError) {
    position += 1
    if position == buffer.count { try fill() }
  }

  private mutating func fill() throws(IndexCacheError) {
    position = 0
    let count = min(Self.bufferEntries, (end - next) / CacheLayout.entrySize)
    buffer = try file.read(count, IndexEntry.self, at: next)
    next += count * CacheLayout.entrySize
  }
}
