internal import Cryptography
internal import ResticFormat

/// The bytes of journals, version 1, before they are compressed and sealed.
///
///     version (1 byte), start of the attempt in nanoseconds since 1970 (8 bytes), number of packs (4 bytes),
///     packs: id (32 bytes), length of the header (4 bytes), header as in the pack itself,
///     entries up to the end: key (16 bytes), size, modified and changed (seconds as zigzag, nanoseconds), inode, segment,
///     segments, block size, number of blobs (each a LEB128 number), ids of the blobs (32 bytes each).
///
/// Numbers of fixed length are little-endian.
enum JournalCoding {
  static let version: UInt8 = 1

  static func head(started: Int64, packs: Int) -> [UInt8] {
    [version] + littleEndian(UInt64(bitPattern: started)) + littleEndian(UInt32(packs))
  }

  static func append(pack: PackID, _ blobs: [PackedBlob], to bytes: inout [UInt8]) {
    let header = PackHeader.encode(blobs)
    bytes += pack.bytes
    bytes += littleEndian(UInt32(header.count))
    bytes += header
  }

  static func append(_ entry: JournalEntry, to bytes: inout [UInt8]) {
    bytes += littleEndian(entry.path.words.0)
    bytes += littleEndian(entry.path.words.1)
    append(entry.size, to: &bytes)
    for time in [entry.modified, entry.changed] {
      append(UInt64(bitPattern: time.seconds << 1 ^ time.seconds >> 63), to: &bytes)
      append(UInt64(time.nanoseconds), to: &bytes)
    }
    append(entry.inode, to: &bytes)
    for number in [entry.segment, entry.segments, entry.blockSize] { append(UInt64(number), to: &bytes) }
    append(UInt64(entry.content.count), to: &bytes)
    for id in entry.content { bytes += id.bytes }
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }
}

/// Reads a journal's bytes. They were sealed by us, but a later version may have done that.
struct JournalReader {
  struct Damaged: Error {}

  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8], at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func head() throws(Damaged) -> (started: Int64, packs: [(id: PackID, blobs: [PackedBlob])]) {
    guard try take(1).first == JournalCoding.version else { throw Damaged() }
    let started = Int64(bitPattern: try fixed(UInt64.self))
    let count = try fixed(UInt32.self)
    var packs: [(id: PackID, blobs: [PackedBlob])] = []
    for _ in 0..<count {
      let id = try digest()
      let header = try take(Int(try fixed(UInt32.self)))
      do {
        packs.append((id, try PackHeader.decode(Array(header))))
      } catch {
        throw Damaged()
      }
    }
    return (started, packs)
  }

  mutating func entry() throws(Damaged) -> JournalEntry {
    let path = PathKey(words: (try fixed(UInt64.self), try fixed(UInt64.self)))
    let size = try number()
    let modified = try time()
    let changed = try time()
    let inode = try number()
    let segment = try number32()
    let segments = try number32()
    let blockSize = try number32()
    let count = try number()
    guard count <= UInt64(bytes.count - position) / 32 else { throw Damaged() }
    var content: [BlobID] = []
    content.reserveCapacity(Int(count))
    for _ in 0..<count { content.append(try digest()) }
    return JournalEntry(
      path: path, size: size, modified: modified, changed: changed, inode: inode, segment: segment, segments: segments,
      blockSize: blockSize, content: content)
  }

  // MARK: - Pieces

  private mutating func take(_ count: Int) throws(Damaged) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw Damaged() }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func digest() throws(Damaged) -> SHA256Digest {
    try take(32).withUnsafeBytes { SHA256Digest(bytes: $0) }
  }

  private mutating func fixed<Number: FixedWidthInteger>(_: Number.Type) throws(Damaged) -> Number {
    try take(MemoryLayout<Number>.size).withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
  }

  private mutating func number() throws(Damaged) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = try take(1).first else { throw Damaged() }
      let bits = UInt64(byte & 0x7f)
      guard shift < 63 || bits <= 1 else { throw Damaged() }
      value |= bits << shift
      if byte < 0x80 { return value }
    }
    throw Damaged()
  }

  private mutating func number32() throws(Damaged) -> UInt32 {
    guard let value = UInt32(exactly: try number()) else { throw Damaged() }
    return value
  }

  private mutating func time() throws(Damaged) -> TreeNode.Time {
    let zigzag = try number()
    let seconds = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    let nanoseconds = try number32()
    guard nanoseconds < 1_000_000_000 else { throw Damaged() }
    return TreeNode.Time(seconds: seconds, nanoseconds: nanoseconds)
  }
}
