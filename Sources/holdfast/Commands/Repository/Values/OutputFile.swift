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
  /// Whether there was a file before.
  let replaces: Bool
  /// Open for writing for as long as this is there, or until it is kept.
  let descriptor: Int32
  private let state = Mutex(State())

  /// Opens it; without `keep`, a file that was there is as it was.
  /// - Throws: `CommandFailure` if it can't be written.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    if let number = Self.descriptor(named: path) {
      // What stands there already stays, and what others write next comes behind.
      (place, temporary, replaces) = (path, nil, false)
      descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
      guard descriptor >= 0 else { throw failure(path, errno) }
      return
    }
    var found = stat()
    let isThere = stat(path, &found) == 0
    guard isThere || errno == ENOENT else { throw failure(path, errno) }
    var link = stat()
    guard isThere || lstat(path, &link) != 0 else {
      throw CommandFailure(.failed, "\(path) is a link that leads nowhere: name the file itself")
    }
    if isThere, found.st_mode & S_IFMT != S_IFREG {
      (place, temporary, replaces) = (path, nil, false)
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw failure(path, errno) }
      return
    }
    replaces = isThere
    let resolved = realpath(path, nil)
    defer { free(resolved) }
    place = resolved.map { String(cString: $0) } ?? path
    let neighbour = "\(place).holdfast-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    descriptor = open(neighbour, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(
        .failed,
        "\(path) can't be written: no file can be made beside it, to take its place when all is there: "
          + "\(String(cString: strerror(errno))); send standard output there instead")
    }
    temporary = neighbour
    guard isThere else { return }
    // Without the right to give it away it becomes ours; but its group's rights are not for another group.
    let isItsGroups =
      fchown(descriptor, found.st_uid, found.st_gid) == 0 || fchown(descriptor, uid_t.max, found.st_gid) == 0
    _ = fchmod(descriptor, found.st_mode & (isItsGroups ? 0o777 : 0o707))
  }

  /// The number of one of our own open files that a path names, such as /dev/stdout.
  private static func descriptor(named path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default:
      let folder = ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
      return folder.flatMap { Int32(path.dropFirst($0.count)) }.flatMap { $0 >= 0 ? $0 : nil }
    }
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
