internal import FileSystem
internal import Glibc

extension DriverError {
  /// What a failed call means to whoever asked.
  /// - Parameter what: what was not done, a beginning of a sentence: `the snapshot "x" of "data" was not made`.
  init(_ error: FileError, _ what: String) {
    switch error.code {
    case ENOSPC, EDQUOT: self.init(.full, "\(what): \(error); free some room, nothing half made was left behind.")
    case ECANCELED: self.init(.retryable, "\(what): it was cancelled.")
    case EPERM, EACCES: self.init(.permanent, "\(what): \(error); run the worker as a user who may, usually root.")
    case EXDEV:
      self.init(.permanent, "\(what): \(error): it lies in another file system, or something is mounted there.")
    case ETXTBSY: self.init(.permanent, "\(what): \(error): a swap file is in use there; move it out of the volume.")
    case EROFS, EOPNOTSUPP, ENOTTY, EINVAL, ENAMETOOLONG, ELOOP, ENOTDIR, EISDIR, EMLINK, EFBIG:
      self.init(.permanent, "\(what): \(error).")
    default: self.init(.retryable, "\(what): \(error).")
    }
  }
}

/// Makes errors of files errors of the driver.
func explaining<T>(_ what: @autoclosure () -> String, _ body: () throws(FileError) -> T) throws(DriverError) -> T {
  do throws(FileError) { return try body() } catch { throw DriverError(error, what()) }
}
