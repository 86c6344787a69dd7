internal import CFileShims
import Glibc

/// A name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
  /// Raw bytes without `/` and NUL, not always UTF-8.
  public let name: [UInt8]
  /// What it was when the directory was read; `.unknown` where the file system doesn't say.
  public let kindHint: FileKind

  /// An entry.
  public init(name: [UInt8], kindHint: FileKind) {
    self.name = name
    self.kindHint = kindHint
  }
}

/// The names in a directory but for `.` and `..`, sorted by their raw bytes.
///
/// All names lie in one block of memory: about 16 bytes plus the name for each, and no allocation until one is asked for.
public struct DirectoryListing: Sendable, RandomAccessCollection {
  private struct Slot {
    /// The first eight bytes, the first one uppermost, filled up with zeros: settles most comparisons.
    let prefix: UInt64
    let offset: UInt32
    let length: UInt16
    let kind: FileKind
  }

  private var names: [UInt8] = []
  private var slots: [Slot] = []

  /// No names.
  public init() {}

  /// 0.
  public var startIndex: Int { 0 }
  /// How many names there are.
  public var endIndex: Int { slots.count }

  /// An entry; its name is copied out of the block.
  public subscript(position: Int) -> DirectoryEntry {
    DirectoryEntry(name: name(at: position), kindHint: slots[position].kind)
  }

  /// The raw bytes of a name.
  public func name(at position: Int) -> [UInt8] {
    let slot = slots[position]
    return Array(names[Int(slot.offset)..<Int(slot.offset) + Int(slot.length)])
  }

  /// The entries whose names fit, in the same order.
  public func keeping(_ isWanted: ([UInt8]) -> Bool) -> DirectoryListing {
    var kept = self
    kept.slots = indices.filter { isWanted(name(at: $0)) }.map { slots[$0] }
    return kept
  }

  /// What an entry was when the directory was read.
  public func kindHint(at position: Int) -> FileKind { slots[position].kind }

  /// Reads a directory from its beginning. Gives an errno on failure.
  static func read(descriptor: Int32, into listing: inout DirectoryListing) -> Int32 {
    guard lseek(descriptor, 0, SEEK_SET) >= 0 else { return errno }
    // Small at first: most directories have few names, and large ones should take few calls.
    var capacity = 32 << 10
    while true {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
      defer { buffer.deallocate() }
      let result = uninterrupted { file_shim_getdents(descriptor, buffer.baseAddress, buffer.count) }
      // The kernel fills a buffer until the next entry doesn't fit, so a short answer is not the end.
      if result.value == 0 { break }
      guard result.value > 0 else { return result.code }
      guard listing.append(UnsafeRawBufferPointer(rebasing: buffer[..<result.value])) else { return EOVERFLOW }
      if result.value > capacity / 2 { capacity = Swift.min(capacity * 4, 1 << 20) }
    }
    listing.sort()
    return 0
  }

  /// Takes over records `{u64 inode, i64 next, u16 length, u8 type, name…, 0}`.
  private mutating func append(_ records: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position + 19 < records.count {
      let length = Int(records.loadUnaligned(fromByteOffset: position + 16, as: UInt16.self))
      guard length > 19, position + length <= records.count else { return false }
      let type = records[position + 18]
      let start = UnsafeRawBufferPointer(rebasing: records[(position + 19)..<(position + length)])
      position += length
      guard let text = start.baseAddress else { return false }
      let count = strnlen(text.assumingMemoryBound(to: CChar.self), start.count)
      let name = UnsafeRawBufferPointer(rebasing: start[..<count])
      if name.isEmpty || (name[0] == UInt8(ascii: ".") && (count == 1 || (count == 2 && name[1] == UInt8(ascii: "."))))
      {
        continue
      }
      guard let offset = UInt32(exactly: names.count), let length = UInt16(exactly: count) else { return false }
      var prefix: UInt64 = 0
      for index in 0..<Swift.min(8, count) { prefix |= UInt64(name[index]) &<< UInt64(56 - 8 * index) }
      names.append(contentsOf: name)
      slots.append(Slot(prefix: prefix, offset: offset, length: length, kind: FileKind(directoryType: type)))
    }
    return true
  }

  private mutating func sort() {
    names.withUnsafeBytes { names in
      slots.sort { left, right in
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        let shorter = Int(Swift.min(left.length, right.length))
        guard shorter > 8, let base = names.baseAddress else { return left.length < right.length }
        let order = memcmp(base + Int(left.offset) + 8, base + Int(right.offset) + 8, shorter - 8)
        return order == 0 ? left.length < right.length : order < 0
      }
    }
  }
}
