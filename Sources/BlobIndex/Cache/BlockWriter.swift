internal import Cryptography

/// Writes a cache file from its first block on, and hashes the blocks on the way.
struct BlockWriter {
  private let file: CacheFile
  private var block: [UInt8] = []
  private var offset = CacheLayout.headerSize
  private(set) var hashes: [SHA256Digest] = []
  private let hash = SHA256()

  init(_ file: CacheFile) {
    self.file = file
    block.reserveCapacity(CacheLayout.blockSize)
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) throws(IndexCacheError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(CacheLayout.blockSize - block.count)
      block.append(contentsOf: piece)
      rest = rest.dropFirst(piece.count)
      if block.count == CacheLayout.blockSize { try flush() }
    }
  }

  mutating func append(_ value: some BitwiseCopyable) throws(IndexCacheError) {
    try withUnsafeBytes(of: value) { bytes throws(IndexCacheError) in try append(bytes) }
  }

  /// Writes the last block, and then the header.
  mutating func finish(_ layout: CacheLayout, key: [UInt8]) throws(IndexCacheError) {
    if !block.isEmpty { try flush() }
    precondition(offset == layout.end && hashes.count == layout.blocks, "A cache was written that is not as it says.")
    let (header, file) = (layout.header(hashes, key: key), file)
    try header.withUnsafeBufferPointer { bytes throws(IndexCacheError) in
      try file.write(UnsafeRawBufferPointer(bytes), at: 0)
    }
  }

  private mutating func flush() throws(IndexCacheError) {
    let (file, offset, hash) = (file, offset, hash)
    let digest = try block.withUnsafeBufferPointer { bytes throws(IndexCacheError) in
      let bytes = UnsafeRawBufferPointer(bytes)
      try file.write(bytes, at: offset)
      return hash.digest(of: bytes)
    }
    hashes.append(digest)
    self.offset += block.count
    block.removeAll(keepingCapacity: true)
  }
}
