internal import CFileShims
import Glibc

extension WritableFile {
  /// Opens a block device that is there, for itself alone: nobody mounts it meanwhile. Links to it are followed.
  /// - Throws: `FileError`: with ENOTBLK for what is no block device, with EBUSY for one that is mounted or otherwise in use.
  public convenience init(blockDevice path: String) throws(FileError) {
    let name = Array(path.utf8)
    func failure(_ code: Int32) -> FileError { FileError(path: name, operation: "open the device", code: code) }
    // Looked at before it is opened: to open a fifo, or a tape, is to use it.
    var status = stat()
    let found = withCName(name) { stat($0, &status) }
    guard found.value == 0 else { throw failure(found.code) }
    guard status.st_mode & S_IFMT == S_IFBLK else { throw failure(ENOTBLK) }
    let device = status.st_rdev
    let opened = withCName(name) { open($0, O_RDWR | O_EXCL | O_CLOEXEC | O_NOCTTY) }
    guard opened.value >= 0 else { throw failure(opened.code) }
    self.init(descriptor: opened.value, path: name)
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFBLK, status.st_rdev == device else {
      throw failure(ESTALE)
    }
  }

  /// How many bytes a block device has. - Throws: `FileError` with ENOTTY for anything else.
  public func deviceSize() throws(FileError) -> Int {
    var bytes: UInt64 = 0
    guard file_shim_device_size(descriptor, &bytes) == 0 else { throw failure("ask for the size of", errno) }
    guard let size = Int(exactly: bytes) else { throw failure("ask for the size of", EOVERFLOW) }
    return size
  }

  /// Tells the kernel to drop all of it from the page cache, so that what is read next comes from the disk.
  public func dropFromCache() { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
}
