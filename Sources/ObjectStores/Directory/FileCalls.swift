internal import CFileShims
internal import Glibc

/// An open file, closed at the end of its life at the latest.
struct OpenFile: ~Copyable {
  let descriptor: CInt

  /// Opens or makes the file at `path`; throws the errno.
  init(_ path: String, _ flags: CInt, mode: mode_t = 0) throws(Errno) {
    descriptor = try retrying { open(path, flags | O_CLOEXEC, mode) }
  }

  deinit { _ = Glibc.close(descriptor) }

  /// Its length in bytes.
  func size() throws(Errno) -> Int {
    var information = stat()
    _ = try retrying { fstat(descriptor, &information) }
    return Int(information.st_size)
  }

  /// Reserves space, so that a full disk shows before anything is written. Says nothing where that can't be done.
  func reserve(_ length: Int) throws(Errno) {
    guard file_shim_reserve(descriptor, 0, off_t(length)) != 0 else { return }
    let code = errno
    if [ENOSPC, EDQUOT, EFBIG].contains(code) { throw Errno(code) }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    var done = 0
    while done < bytes.count {
      done += try retrying {
        Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      }
    }
  }

  /// Reads until the buffer is full or the file ends; returns how many bytes there were.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Errno) -> Int {
    var done = 0
    while done < buffer.count {
      let count = try retrying {
        pread(
          descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
          off_t(offset + done))
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  func synchronize() throws(Errno) { _ = try retrying { fsync(descriptor) } }

  /// Closes it and says what only closing tells: on NFS, that the disk was full.
  consuming func close() throws(Errno) {
    let descriptor = descriptor
    discard self
    // After EINTR Linux has closed the descriptor all the same.
    if Glibc.close(descriptor) != 0, errno != EINTR { throw Errno(errno) }
  }
}

/// The number with which a system call says why it failed.
struct Errno: Error, Equatable {
  let code: CInt

  init(_ code: CInt) { self.code = code }

  /// As a store's error about `object`.
  func error(_ object: String, _ action: String) -> StoreError {
    StoreError(kind, object, "\(action): \(String(cString: strerror(code)))\(advice)")
  }

  private var kind: StoreError.Kind {
    switch code {
    case ENOENT, ENOTDIR: .notFound
    case EEXIST: .exists
    case EACCES, EPERM, EROFS: .denied
    case ENOSPC, EDQUOT: .full
    default: .failed
    }
  }

  private var advice: String {
    switch code {
    case ENOSPC: "; make room, or prune the repository from a place where the index fits"
    case EDQUOT: "; raise the quota or make room"
    case EROFS: "; mount the file system writable"
    case EACCES, EPERM: "; check who owns the folder and its permissions"
    default: ""
    }
  }
}

/// Calls again after a signal; throws the errno of a call that failed.
func retrying<T: SignedInteger>(_ call: () -> T) throws(Errno) -> T {
  while true {
    let result = call()
    if result >= 0 { return result }
    if errno != EINTR { throw Errno(errno) }
  }
}

/// Makes names in a folder durable. File systems that cannot sync a folder (some network ones) keep them anyway.
func synchronizeFolder(_ path: String) throws(Errno) {
  let folder = try OpenFile(path, O_RDONLY | O_DIRECTORY)
  do {
    try folder.synchronize()
  } catch  where [EINVAL, ENOTSUP, EBADF].contains(error.code) {}
}

/// The names in a folder, `.` and `..` left out.
func names(in folder: String) throws(Errno) -> [String] {
  guard let stream = opendir(folder) else { throw Errno(errno) }
  defer { closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = readdir(stream) else {
      if errno != 0 { throw Errno(errno) }
      return names
    }
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
}

/// The length and age of a regular file; nil if it is gone or is something else.
func regularFile(_ path: String) throws(Errno) -> (size: Int, modified: Int)? {
  var information = stat()
  do {
    _ = try retrying { lstat(path, &information) }
  } catch  where error.code == ENOENT {
    return nil
  }
  guard information.st_mode & S_IFMT == S_IFREG else { return nil }
  return (Int(information.st_size), information.st_mtim.tv_sec)
}
