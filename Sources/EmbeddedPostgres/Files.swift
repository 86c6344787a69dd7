import FoundationEssentials
import Glibc

/// What the system tells of a file, without following a link at the end of the path.
func fileStatus(_ path: String) -> stat? {
  var status = stat()
  return lstat(path, &status) == 0 ? status : nil
}

extension stat {
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}

/// How many bytes of the disk under `path` an ordinary user may still fill.
public func freeBytes(_ path: String) -> UInt64? {
  var status = statvfs()
  guard statvfs(path, &status) == 0 else { return nil }
  return UInt64(status.f_bavail) * UInt64(status.f_frsize)
}

/// The text of a small file; nil if it can't be read.
func readText(_ path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  return readText(file)
}

/// What is left to read of an open file, at most 64 KiB.
func readText(_ file: CInt) -> String? {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while bytes.count < 64 << 10 {
    let count = read(file, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Replaces a file as a whole; it then belongs to `owner`, and nobody else may read it.
func replaceFile(_ path: String, with text: String, owner: ServerUser) throws(EmbeddedPostgresError) {
  let new = path + ".new"
  unlink(new)
  let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
  guard file >= 0 else { throw EmbeddedPostgresError(errno: errno, "write", path) }
  defer { close(file) }
  let bytes = Array(text.utf8)
  guard write(file, bytes, bytes.count) == bytes.count, fchown(file, owner.id, owner.group) == 0, fsync(file) == 0,
    rename(new, path) == 0
  else {
    let code = errno
    unlink(new)
    throw EmbeddedPostgresError(errno: code, "write", path)
  }
}

/// Makes what was renamed or made in a folder last through a loss of power.
func syncFolder(_ path: String) throws(EmbeddedPostgresError) {
  let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard folder >= 0 else { throw EmbeddedPostgresError(errno: errno, "open", path) }
  defer { close(folder) }
  guard fsync(folder) == 0 else { throw EmbeddedPostgresError(errno: errno, "write", path) }
}

/// Makes a folder that only its owner may enter.
func makePrivateFolder(_ path: String, owner: ServerUser) throws(EmbeddedPostgresError) {
  guard mkdir(path, 0o700) == 0, lchown(path, owner.id, owner.group) == 0 else {
    throw EmbeddedPostgresError(errno: errno, "make the folder", path)
  }
}

/// The names in a folder; none if it can't be read.
func names(in folder: String) -> [String] {
  (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
}

/// Removes a folder and all that is in it, as far as that is possible.
func removeTree(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
