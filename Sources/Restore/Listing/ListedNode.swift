internal import Glibc
public import ResticFormat

/// An entry of a snapshot with its path.
public struct ListedNode: Sendable {
  /// The raw bytes of the path, beginning with `/`.
  public let path: [UInt8]
  /// The entry.
  public let node: TreeNode

  /// An entry at a path.
  public init(path: [UInt8], node: TreeNode) {
    self.path = path
    self.node = node
  }

  /// Kind and permissions as restic writes them: `drwxr-xr-x`, `Lrwxrwxrwx`, `urwxr-xr-x`.
  public var permissions: String {
    // Go's letters for the bits 31 down to 19.
    var text = ""
    for (position, letter) in "dalTLDpSugct?".enumerated() where modeWithKind & 1 << UInt32(31 - position) != 0 {
      text.append(letter)
    }
    if text.isEmpty { text = "-" }
    for (position, letter) in "rwxrwxrwx".enumerated() {
      text.append(modeWithKind & 1 << UInt32(8 - position) != 0 ? letter : "-")
    }
    return text
  }

  /// The mode with the bits for the kind, also where a tree lacks them.
  private var modeWithKind: UInt32 {
    switch node.kind {
    case .file, .irregular: node.mode
    case .dir: node.mode | 1 << 31
    case .symlink: node.mode | 1 << 27
    case .dev: node.mode | 1 << 26
    case .chardev: node.mode | 1 << 26 | 1 << 21
    case .fifo: node.mode | 1 << 25
    case .socket: node.mode | 1 << 24
    }
  }

  /// The line of `ls -l` as restic writes it, raw bytes without a line end; times are local.
  public var longLine: [UInt8] {
    func padded(_ number: some BinaryInteger, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: " ", count: max(0, width - digits.count)) + digits
    }
    let size = padded(node.kind == .file ? node.size : 0, 6)
    let start = "\(permissions) \(padded(node.uid, 5)) \(padded(node.gid, 5)) \(size) \(localTime) "
    let target = node.kind == .symlink ? Array(" -> ".utf8) + node.linkTarget : []
    return Array(start.utf8) + path + target
  }

  private var localTime: String {
    var seconds = time_t(clamping: node.modified.seconds)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return String(node.modified.seconds) }
    func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let year = String(Int(parts.tm_year) + 1900)
    let zeros = String(repeating: "0", count: max(0, 4 - year.count))
    return
      "\(zeros)\(year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
  }

  /// The entry as one line of JSON without a line end, with restic's members. Bytes of names that are not UTF-8 are replaced.
  public var json: String {
    var members: [(String, String)] = [
      ("name", quoted(node.name)), ("type", quoted(Array(node.kind.rawValue.utf8))), ("path", quoted(path)),
      ("uid", String(node.uid)), ("gid", String(node.gid)),
    ]
    if node.kind == .file { members.append(("size", String(node.size))) }
    if node.mode != 0 { members.append(("mode", String(node.mode))) }
    members.append(("permissions", quoted(Array(permissions.utf8))))
    for (name, time) in [("mtime", node.modified), ("atime", node.accessed), ("ctime", node.changed)] {
      let moment = Snapshot.Moment(seconds: time.seconds, nanoseconds: time.nanoseconds)
      members.append((name, quoted(Array(moment.rfc3339.utf8))))
    }
    if node.inode != 0 { members.append(("inode", String(node.inode))) }
    members += [("message_type", "\"node\""), ("struct_type", "\"node\"")]
    return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  private func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\" + String(scalar)
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
