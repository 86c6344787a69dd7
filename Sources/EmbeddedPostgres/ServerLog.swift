import Glibc

/// The file that PostgreSQL's messages go to, and the one that its older part is kept in.
///
/// PostgreSQL's own collector bounds its files by age only: a rotation by size appends to a file of the same name.
struct ServerLog: Sendable {
  let path: String

  /// How long the file may get while the server runs.
  static let limit = 8 << 20

  var size: Int { fileStatus(path).map { Int($0.st_size) } ?? 0 }

  /// Moves the content to `PATH.old`, over what is there, if it is longer than `limit` bytes.
  ///
  /// The server appends, so it goes on at the beginning of the emptied file. What it writes in the instant between copy and
  /// cut is lost.
  func trim(to limit: Int = ServerLog.limit) {
    guard size > limit else { return }
    let source = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
    guard source >= 0 else { return }
    defer { close(source) }
    let old = open(path + ".old", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard old >= 0 else { return }
    defer { close(old) }
    // A flood may have made it much longer; its end tells most.
    lseek(source, max(0, size - ServerLog.limit), SEEK_SET)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var left = ServerLog.limit
    while left > 0 {
      let count = read(source, &buffer, min(left, buffer.count))
      guard count > 0, write(old, buffer, count) == count else { break }
      left -= count
    }
    ftruncate(source, 0)
  }

  /// What the server has said since the file had `offset` bytes.
  func text(from offset: Int) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    lseek(file, offset, SEEK_SET)
    return readText(file) ?? ""
  }

  /// The first thing that ended a server or an initdb, without what stands before it; else the last line.
  static func complaint(in text: String) -> String? {
    let lines = text.split(separator: "\n")
    for line in lines {
      for mark in ["PANIC:  ", "FATAL:  ", "ERROR:  ", "error: "] {
        if let place = line.firstRange(of: mark) { return String(line[place.upperBound...]) }
      }
    }
    return lines.last.map(String.init)
  }
}
