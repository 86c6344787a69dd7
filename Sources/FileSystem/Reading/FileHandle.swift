internal import CFileShims
import Glibc

/// An open file to read from. All calls block; any thread may use it, also several at once.
public final class FileHandle: Sendable {
  /// The path that it was opened by, for messages.
  public let path: [UInt8]
  /// The open file; it closes with this object.
  public let descriptor: Int32
  /// Whether it is read around the page cache: then offset, length and memory must be multiples of `directAlignment`.
  public let isDirect: Bool
  /// What direct reads must be aligned to, in bytes; enough for every usual device.
  public static let directAlignment = 4096

  init(descriptor: Int32, path: [UInt8], isDirect: Bool) {
    self.descriptor = descriptor
    self.path = path
    self.isDirect = isDirect
  }

  deinit { close(descriptor) }

  /// Opens a file or block device by its path; symbolic links are followed. See `DirectoryHandle.openFile`.
  public convenience init(path: [UInt8], noAtime: Bool = true, direct: Bool = false) throws(FileError) {
    let result = openForReading(noAtime: noAtime, direct: direct) { openLongPath(path, flags: $0, extra: $1) }
    guard result.value >= 0 else { throw FileError(path: path, operation: "open", code: result.code) }
    self.init(descriptor: result.value, path: path, isDirect: result.isDirect)
  }

  /// The same for a path of text.
  public convenience init(path: String, noAtime: Bool = true, direct: Bool = false) throws(FileError) {
    try self.init(path: Array(path.utf8), noAtime: noAtime, direct: direct)
  }

  /// What the file system knows of it.
  public func metadata() throws(FileError) -> FileMetadata {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("look at", errno) }
    return FileMetadata(status)
  }

  /// Reads from `offset` until the buffer is full or the file ends; fewer bytes than asked for mean the end.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var done = 0
    while done < buffer.count {
      let result = uninterrupted {
        pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
      }
      guard result.value >= 0 else { throw failure("read", result.code) }
      done += result.value
      // Behind an odd length a direct read could only fail, and an odd length is the end.
      if result.value == 0 || (isDirect && result.value % 512 != 0) { break }
    }
    return done
  }

  /// How many bytes a block device has. - Throws: `FileError` with ENOTTY for anything else.
  public func deviceSize() throws(FileError) -> Int {
    var bytes: UInt64 = 0
    guard file_shim_device_size(descriptor, &bytes) == 0 else { throw failure("ask for the size of", errno) }
    guard let size = Int(exactly: bytes) else { throw failure("ask for the size of", EOVERFLOW) }
    return size
  }

  /// Tells the kernel that it will be read from begin to end.
  public func adviseSequential() { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }

  /// Tells the kernel to begin to read a range.
  public func willNeed(_ range: Range<Int>) { advise(range, POSIX_FADV_WILLNEED) }

  /// Tells the kernel to drop a range from the page cache, unless others use it.
  public func dontNeed(_ range: Range<Int>) { advise(range, POSIX_FADV_DONTNEED) }

  private func advise(_ range: Range<Int>, _ advice: Int32) {
    if !range.isEmpty { _ = posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), advice) }
  }

  func failure(_ operation: String, _ code: Int32) -> FileError {
    FileError(path: path, operation: operation, code: code)
  }
}
