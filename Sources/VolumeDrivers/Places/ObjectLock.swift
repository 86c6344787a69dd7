internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// Keeps an object from being removed while it is copied from: a restore from half a snapshot would remove what the volume has.
/// A lock ends with the open file, so with its process at the latest.
enum ObjectLock: Sendable {
  /// With others, to read.
  case together
  /// To remove.
  case alone

  /// Takes it; others that are about to end get two seconds for it.
  /// - Throws: `FileError` with EBUSY where somebody else keeps it.
  static func take(
    _ descriptor: Int32, _ lock: ObjectLock, _ operation: String, _ path: [UInt8]
  ) throws(FileError) {
    for attempt in 0...200 {
      if volume_shim_lock(descriptor, lock == .together ? 1 : 0) == 0 { return }
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        // A file system without locks has none that could be in the way.
        if code == ENOLCK || code == EOPNOTSUPP { return }
        throw FileError(path: path, operation: operation, code: code)
      }
      if attempt < 200 { usleep(10_000) }
    }
    throw FileError(path: path, operation: operation, code: EBUSY)
  }
}
