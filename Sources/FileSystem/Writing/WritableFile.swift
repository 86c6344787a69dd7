internal import CFileShims
import Glibc

/// An open regular file to write to, and to read back from. All calls block; any thread may use it, also several at once.
public final class WritableFile: OpenedFile {
  /// The path that it was opened by, for messages.
  public let path: [UInt8]
  /// The open file; it closes with this object.
  public let descriptor: Int32
  /// Never.
  public var isPathOnly: Bool { false }

  init(descriptor: Int32, path: [UInt8]) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { Glibc.close(descriptor) }

  /// Writes all bytes at `offset`.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let result = uninterrupted {
        pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      guard result.value >= 0 else { throw failure("write", result.code) }
      // A full disk of some network file systems shows as nothing written.
      guard result.value > 0 else { throw failure("write", ENOSPC) }
      done += result.value
    }
  }

  /// Reads from `offset` until the buffer is full or the file ends; fewer bytes than asked for mean the end.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var done = 0
    while done < buffer.count {
      let result = uninterrupted {
        pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
      }
      guard result.value >= 0 else { throw failure("read", result.code) }
      if result.value == 0 { break }
      done += result.value
    }
    return done
  }

  /// Makes the file this many bytes long; what is new is a hole.
  public func setSize(_ size: Int) throws(FileError) {
    let result = uninterrupted { ftruncate(descriptor, off_t(size)) }
    guard result.value == 0 else { throw failure("set the size of", result.code) }
  }

  /// Takes blocks for a range without a change of the size, so that a full disk shows now and blocks lie together.
  /// What is reserved and not written reads as zeros.
  /// - Returns: false where the file system cannot do it.
  /// - Throws: `FileError` when there is no room.
  @discardableResult
  public func reserve(_ range: Range<Int>) throws(FileError) -> Bool {
    guard !range.isEmpty else { return true }
    let result = uninterrupted { file_shim_reserve(descriptor, off_t(range.lowerBound), off_t(range.count)) }
    let code = result.code
    guard result.value == 0 || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL else {
      throw failure("reserve room for", code)
    }
    return result.value == 0
  }

  /// Gives back the blocks of a range, which then reads as zeros. Returns false where the file system has no holes.
  public func punchHole(_ range: Range<Int>) throws(FileError) -> Bool {
    guard !range.isEmpty else { return true }
    let result = uninterrupted { file_shim_punch_hole(descriptor, off_t(range.lowerBound), off_t(range.count)) }
    if result.code == EOPNOTSUPP || result.code == ENOSYS { return false }
    guard result.value == 0 else { throw failure("make a hole in", result.code) }
    return true
  }

  /// Waits until all of it is on the disk.
  public func synchronize() throws(FileError) {
    let result = uninterrupted { fsync(descriptor) }
    guard result.value == 0 else { throw failure("sync", result.code) }
  }

  /// Hands what was written to the file system, and says what only now comes to light: on network file systems a full disk
  /// or a quota. The file stays open until the object goes.
  public func flushLateErrors() throws(FileError) {
    // What `close` of a second descriptor does is what the last one would do, but its result can be seen.
    let copy = dup(descriptor)
    guard copy >= 0 else { return }
    guard Glibc.close(copy) == 0 || errno == EINTR else { throw failure("write", errno) }
  }
}
