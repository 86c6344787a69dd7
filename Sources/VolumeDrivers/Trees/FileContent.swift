internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Brings the content of files into new files: by sharing their blocks where the file system can, else byte by byte.
/// Holes stay holes.
final class FileContent {
  /// Whether bytes may be copied.
  enum Sharing: Sendable {
    /// Never: a file whose blocks can't be shared is an error.
    case required
    /// Where blocks can't be shared.
    case preferred
  }

  private let sharing: Sharing
  private let interruption: Interruption
  /// Off after the first pair of file systems that can't: nobody asks a million times.
  private var canShare = true
  private var canCopyInKernel = true
  /// Bytes that were written rather than shared: on the disk only after a sync.
  private(set) var copiedBytes = 0
  /// Counts the bytes along, if anybody wants to know.
  var progress: CopyProgress?

  init(_ sharing: Sharing, _ interruption: Interruption) {
    self.sharing = sharing
    self.interruption = interruption
  }

  /// Fills `target`, which is empty, with all of `source`.
  func copy(_ source: FileHandle, size: Int, to target: WritableFile) throws(FileError) {
    guard size > 0 else { return }
    if canShare, try share(source, target) {
      progress?.count(bytes: size)
      return
    }
    try target.setSize(size)
    var position = 0
    while position < size, let data = try source.nextData(in: position..<size) {
      progress?.count(bytes: data.lowerBound - position)
      position = data.lowerBound
      while position < data.upperBound {
        try interruption.check(source.path)
        let count = try copyPiece(source, target, position..<min(data.upperBound, position + 16 << 20))
        if count == 0 { return }  // it has become shorter
        position += count
        copiedBytes += count
        progress?.count(bytes: count)
      }
    }
    progress?.count(bytes: size - position)
  }

  private func share(_ source: FileHandle, _ target: WritableFile) throws(FileError) -> Bool {
    var code = reflink(source, target)
    // btrfs shares only between files that are alike in this.
    if code == EINVAL, try matchCopyOnWrite(source, target) { code = reflink(source, target) }
    if code == 0 { return true }
    if sharing == .required || code == ENOSPC || code == EDQUOT || code == EIO {
      throw FileError(path: source.path, operation: "share the blocks of", code: code)
    }
    if [EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV].contains(code) { canShare = false }
    return false
  }

  private func reflink(_ source: FileHandle, _ target: WritableFile) -> Int32 {
    while volume_shim_reflink(target.descriptor, source.descriptor) != 0 {
      let code = errno
      if code != EINTR { return code }
    }
    return 0
  }

  private func matchCopyOnWrite(_ source: FileHandle, _ target: WritableFile) throws(FileError) -> Bool {
    var (wanted, found): (UInt32, UInt32) = (0, 0)
    let flag = UInt32(VOLUME_SHIM_NO_COPY_ON_WRITE)
    guard volume_shim_get_flags(source.descriptor, &wanted) == 0,
      volume_shim_get_flags(target.descriptor, &found) == 0, wanted & flag != found & flag
    else { return false }
    guard volume_shim_set_flags(target.descriptor, found & ~flag | wanted & flag) == 0 else {
      throw FileError(path: target.path, operation: "set the attributes of", code: errno)
    }
    return true
  }

  private func copyPiece(
    _ source: FileHandle, _ target: WritableFile, _ range: Range<Int>
  ) throws(FileError) -> Int {
    while canCopyInKernel {
      let count = volume_shim_copy_range(
        source.descriptor, off_t(range.lowerBound), target.descriptor, off_t(range.lowerBound), range.count)
      // Some file systems, /proc among them, claim an end where none is.
      if count > 0 { return count }
      let code = errno
      if count == 0 || [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM].contains(code) {
        canCopyInKernel = false
      } else if code != EINTR {
        throw FileError(path: target.path, operation: "write", code: code)
      }
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(range.count, 1 << 20), alignment: 4096)
    defer { buffer.deallocate() }
    let count = try source.read(at: range.lowerBound, into: buffer)
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    // A device knows no holes; where it has nothing, the file has one.
    if !isZero(bytes) { try target.write(bytes, at: range.lowerBound) }
    return count
  }
}

/// Whether all bytes are zeros: the first is, and each is like the one before.
private func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
  return bytes[0] == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
}
