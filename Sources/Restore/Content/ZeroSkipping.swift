internal import FileSystem
internal import Glibc

extension WritableFile {
  /// Writes a piece, but for whole blocks of zeros.
  func writeSkippingZeros(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    let block = 4096
    var dataStart: Int?
    var position = 0
    while position < bytes.count {
      // Blocks of the file, not of the piece.
      let end = min(bytes.count, position + block - (offset + position) % block)
      if isZero(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) {
        if let start = dataStart {
          try write(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), at: offset + start)
          dataStart = nil
        }
      } else if dataStart == nil {
        dataStart = position
      }
      position = end
    }
    if let start = dataStart { try write(UnsafeRawBufferPointer(rebasing: bytes[start...]), at: offset + start) }
  }
}

/// Whether all bytes are zero.
func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let first = bytes.baseAddress, bytes.count > 0 else { return true }
  // Each byte is compared with the one before.
  return bytes[0] == 0 && memcmp(first, first + 1, bytes.count - 1) == 0
}
