internal import CommandSyntax
internal import Glibc
internal import Synchronization

/// A file that a command writes: what was there stays until all of the new content is on the disk. What can't be replaced,
/// such as a pipe or a device, is written as it is.
final class OutputFile: Sendable {
  private struct State {
    var isOpen = true
    var isKept = false
  }

  /// What the command line calls it.
  private let path: String
  /// Where it is, behind links.
  private let place: String
  /// The file that takes its place in the end; nil if it is written as it is.
  private let temporary: String?
  /// Open for writing for as long as this is there, or until it is kept.
  let descriptor: Int32
  private let state = Mutex(State())

  /// Opens it; without `keep`, a file that was there is as it was.
  /// - Throws: `CommandFailure` if it can't be written.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    var found = stat()
    let isThere = stat(path, &found) == 0
    // A file that /dev/stdout leads to is somebody's open file, not a name.
    let isSpecial = ["/dev/", "/proc/"].contains { path.hasPrefix($0) }
    if isSpecial || (isThere && found.st_mode & S_IFMT != S_IFREG) {
      (place, temporary) = (path, nil)
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw failure(path, errno) }
      if found.st_mode & S_IFMT == S_IFREG { _ = fcntl(descriptor, F_SETFL, O_APPEND) }
      return
    }
    let resolved = realpath(path, nil)
    defer { free(resolved) }
    place = resolved.map { String(cString: $0) } ?? path
    let neighbour = "\(place).holdfast-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    descriptor = open(neighbour, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(path, errno) }
    temporary = neighbour
    guard isThere else { return }
    // Without the right to give it away it becomes ours.
    _ = fchown(descriptor, found.st_uid, found.st_gid)
    _ = fchmod(descriptor, found.st_mode & 0o777)
  }

  deinit {
    let state = self.state.withLock { $0 }
    if state.isOpen { close(descriptor) }
    if let temporary, !state.isKept { unlink(temporary) }
  }

  /// Waits until the content is on the disk, and puts it into its place.
  /// - Throws: `CommandFailure` if that fails; the file is as it was then.
  func keep() throws(CommandFailure) {
    // A pipe has nothing to wait for.
    guard temporary == nil || fsync(descriptor) == 0 else { throw failure(path, errno) }
    state.withLock { $0.isOpen = false }
    guard close(descriptor) == 0 else { throw failure(path, errno) }
    guard let temporary else { return }
    guard rename(temporary, place) == 0 else { throw failure(path, errno) }
    state.withLock { $0.isKept = true }
    let parts = place.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "."
    let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { return }
    fsync(folderDescriptor)
    close(folderDescriptor)
  }
}

private func failure(_ path: String, _ code: Int32) -> CommandFailure {
  CommandFailure(
    .failed, "\(path) can't be written: \(String(cString: strerror(code))); what was there before is unchanged")
}
