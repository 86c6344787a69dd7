import Glibc

/// The right to serve a data folder, which one process has at a time. It ends with the process, however that ends.
final class FolderLock: Sendable {
  private let file: CInt

  /// Takes the lock of `folder` and leaves our process id in it for whoever comes second.
  init(_ folder: DataFolder) throws(EmbeddedPostgresError) {
    // Never inherited: a child that outlives us must not keep it.
    file = open(folder.lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw EmbeddedPostgresError(errno: errno, "open", folder.lock) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = readText(file).flatMap { pid_t($0.split(separator: "\n").first ?? "") }
      close(file)
      guard code == EWOULDBLOCK else { throw EmbeddedPostgresError(errno: code, "lock", folder.lock) }
      let who = holder.map { "process \($0)" } ?? "another process"
      let how = holder.map { "; end that one first, with: kill \($0)" } ?? ""
      throw EmbeddedPostgresError(.inUse(holder), "'holdfast up' serves \(folder.path) already, in \(who)\(how)")
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(file, 0) == 0, pwrite(file, text, text.count, 0) == text.count else {
      let code = errno
      close(file)
      throw EmbeddedPostgresError(errno: code, "write", folder.lock)
    }
  }

  deinit { close(file) }
}
