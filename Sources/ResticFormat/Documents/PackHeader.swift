internal import Cryptography

/// The list of blobs at the end of a pack, before sealing (restic-format section 5).
public enum PackHeader {
  private static let rawEntry = 37
  private static let compressedEntry = 41
  /// What sealing adds to a blob.
  private static let overhead: UInt32 = 32

  /// Bytes that a header of these blobs has before it is sealed.
  public static func length(_ blobs: some Sequence<PackedBlob>) -> Int {
    blobs.reduce(0) { $0 + ($1.isCompressed ? compressedEntry : rawEntry) }
  }

  /// The header of blobs that lie one after the other from the pack's first byte on.
  public static func encode(_ blobs: [PackedBlob]) -> [UInt8] {
    let length = length(blobs)
    return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      for blob in blobs {
        target[count] = blob.type.rawValue | (blob.isCompressed ? 2 : 0)
        target.storeBytes(of: blob.length.littleEndian, toByteOffset: count + 1, as: UInt32.self)
        count += 5
        if blob.isCompressed {
          target.storeBytes(of: blob.uncompressedLength.littleEndian, toByteOffset: count, as: UInt32.self)
          count += 4
        }
        if let base = target.baseAddress { blob.id.write(to: base + count) }
        count += 32
      }
    }
  }

  /// The blobs that an opened header lists, each behind the one before.
  public static func decode(_ header: [UInt8]) throws(FormatError) -> [PackedBlob] {
    try header.withUnsafeBufferPointer { header throws(FormatError) in
      let header = UnsafeRawBufferPointer(header)
      var blobs: [PackedBlob] = []
      blobs.reserveCapacity(header.count / rawEntry)
      var position = 0
      var offset: UInt32 = 0
      while position < header.count {
        let (blob, size) = try entry(header, position, offset)
        let (end, overflow) = offset.addingReportingOverflow(blob.length)
        guard !overflow else { throw damaged("the blobs are larger than a pack can be", position) }
        blobs.append(blob)
        offset = end
        position += size
      }
      return blobs
    }
  }

  private static func entry(
    _ header: UnsafeRawBufferPointer, _ position: Int, _ offset: UInt32
  ) throws(FormatError) -> (PackedBlob, size: Int) {
    func number(_ place: Int) -> UInt32 {
      UInt32(littleEndian: header.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }
    let kind = header[position]
    guard kind < 4, let type = BlobType(rawValue: kind & 1) else {
      throw damaged("it has an entry of the unknown type \(kind)", position)
    }
    let isCompressed = kind & 2 != 0
    let size = isCompressed ? compressedEntry : rawEntry
    guard size <= header.count - position else { throw damaged("its last entry is cut off", position) }
    let length = number(position + 1)
    let uncompressedLength = isCompressed ? number(position + 5) : 0
    guard length >= overhead, !isCompressed || uncompressedLength > 0 else {
      throw damaged("an entry has an impossible length", position)
    }
    let id = BlobID(bytes: UnsafeRawBufferPointer(rebasing: header[position + size - 32..<position + size]))
    let blob = PackedBlob(
      id: id, type: type, offset: offset, length: length, uncompressedLength: uncompressedLength)
    return (blob, size)
  }

  private static func damaged(_ why: String, _ position: Int) -> FormatError {
    FormatError(.damaged, "the pack's header is damaged: \(why), at byte \(position)")
  }
}
