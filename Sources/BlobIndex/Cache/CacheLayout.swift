internal import Cryptography

/// How a cache file is laid out: a page of header, index files, packs, entries by id, and where each 16-bit prefix of
/// ids begins. Numbers are of this machine's byte order: the file never leaves it.
///
/// The header holds an HMAC under a secret of the repository, over the counts and the hashes of all blocks that follow. So
/// damage, another repository's file and somebody's forgery all show.
struct CacheLayout: Equatable {
  static let magic = Array("holdfast index cache, version 1\n".utf8)
  static let headerSize = 4096
  static let blockSize = 1 << 20
  static let fileSize = 40
  static let packSize = 48
  static let entrySize = 48
  static let prefixes = 1 << 16

  /// Index files that it covers.
  var files = 0
  var packs = 0
  var entries = 0

  var packsStart: Int { Self.headerSize + files * Self.fileSize }
  var entriesStart: Int { packsStart + packs * Self.packSize }
  var prefixesStart: Int { entriesStart + entries * Self.entrySize }
  var end: Int { prefixesStart + (Self.prefixes + 1) * 4 }
  var blocks: Int { (end - Self.headerSize + Self.blockSize - 1) / Self.blockSize }

  /// The bytes of a block.
  func block(_ number: Int) -> Range<Int> {
    let start = Self.headerSize + number * Self.blockSize
    return start..<min(start + Self.blockSize, end)
  }

  private var counts: [UInt8] {
    [files, packs, entries].flatMap { count in withUnsafeBytes(of: UInt64(count)) { Array($0) } }
  }

  /// - Parameter hashes: of the blocks, in order.
  private func seal(_ hashes: [SHA256Digest], key: [UInt8]) -> [UInt8] {
    hmacSHA256(key: key, Self.magic + counts + hashes.flatMap(\.bytes))
  }

  /// The whole header.
  func header(_ hashes: [SHA256Digest], key: [UInt8]) -> [UInt8] {
    let used = Self.magic + counts + seal(hashes, key: key)
    return used + [UInt8](repeating: 0, count: Self.headerSize - used.count)
  }

  /// What a header says, unless that doesn't fit the file's length.
  init?(header: [UInt8], fileSize: Int) {
    guard header.count == Self.headerSize, Array(header.prefix(Self.magic.count)) == Self.magic else { return nil }
    let numbers = header.withUnsafeBytes { bytes in
      (0..<3).map { bytes.loadUnaligned(fromByteOffset: Self.magic.count + $0 * 8, as: UInt64.self) }
    }
    // Each is at least a byte of the file, so that nothing below overflows.
    guard numbers.allSatisfy({ $0 <= UInt64(fileSize) }), fileSize < 1 << 50 else { return nil }
    (files, packs, entries) = (Int(numbers[0]), Int(numbers[1]), Int(numbers[2]))
    guard end == fileSize, packs < IndexEntry.packLimit, entries < Int(UInt32.max) else { return nil }
  }

  /// An empty file's.
  init() {}

  /// Whether the header is what `header(_:key:)` made for these hashes.
  func matches(_ header: [UInt8], _ hashes: [SHA256Digest], key: [UInt8]) -> Bool {
    header == self.header(hashes, key: key)
  }
}
