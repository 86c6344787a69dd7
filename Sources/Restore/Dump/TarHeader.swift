internal import ResticFormat

/// One entry of a tar archive: the header block, and a pax header before it for what doesn't fit.
struct TarHeader {
  /// The last byte of the type field.
  enum Kind: Character {
    case file = "0"
    case hardLink = "1"
    case symlink = "2"
    case characterDevice = "3"
    case blockDevice = "4"
    case folder = "5"
    case fifo = "6"
  }

  /// Bytes of a block.
  static let block = 512

  let kind: Kind
  /// Without a `/` at the beginning; with one at the end for a folder.
  let path: [UInt8]
  let node: TreeNode
  /// Bytes of content that follow.
  let size: Int
  /// Of a symbolic or hard link.
  var linkTarget: [UInt8] = []

  /// The blocks that come before the content.
  func encoded() -> [UInt8] {
    var records = PaxRecords()
    if !fits(path, 100) { records.add("path", path) }
    if !fits(linkTarget, 100) { records.add("linkpath", linkTarget) }
    if UInt64(size) > 0o7_777_777_777_7 { records.add("size", Array(String(size).utf8)) }
    if node.uid > 0o777_7777 { records.add("uid", Array(String(node.uid).utf8)) }
    if node.gid > 0o777_7777 { records.add("gid", Array(String(node.gid).utf8)) }
    if !fits(Array(node.user.utf8), 31) { records.add("uname", Array(node.user.utf8)) }
    if !fits(Array(node.group.utf8), 31) { records.add("gname", Array(node.group.utf8)) }
    let seconds = node.modified.seconds
    if node.modified.nanoseconds != 0 || seconds < 0 || seconds > 0o7_777_777_777_7 {
      records.add("mtime", Array(paxTime(node.modified).utf8))
    }
    for attribute in node.extendedAttributes where kind != .hardLink {
      records.add("SCHILY.xattr." + attribute.name, attribute.value)
    }
    let main = header(type: kind.rawValue, name: path, size: size)
    guard !records.bytes.isEmpty else { return main }
    let name = Array("PaxHeaders/".utf8) + path.suffix(80)
    return header(type: "x", name: name, size: records.bytes.count) + records.bytes
      + [UInt8](repeating: 0, count: Self.padding(records.bytes.count)) + main
  }

  /// Zeros that follow content of a size.
  static func padding(_ size: Int) -> Int { (block - size % block) % block }

  /// Whether a text goes into a field of the old format.
  private func fits(_ text: [UInt8], _ length: Int) -> Bool { text.count <= length && text.allSatisfy { $0 < 0x80 } }

  private func paxTime(_ time: TreeNode.Time) -> String {
    var (seconds, nanoseconds) = (time.seconds, min(time.nanoseconds, 999_999_999))
    let isNegative = seconds < 0
    if isNegative, nanoseconds > 0 { (seconds, nanoseconds) = (seconds + 1, 1_000_000_000 - nanoseconds) }
    let whole = (isNegative ? "-" : "") + String(seconds.magnitude)
    if nanoseconds == 0 { return whole }
    let digits = String(nanoseconds)
    return whole + "." + String(repeating: "0", count: 9 - digits.count) + digits
  }

  private func header(type: Character, name: [UInt8], size: Int) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.block)
    func put(_ bytes: some Sequence<UInt8>, _ offset: Int, _ length: Int) {
      for (position, byte) in bytes.prefix(length).enumerated() { block[offset + position] = byte }
    }
    func putOctal(_ number: UInt64, _ offset: Int, _ length: Int) {
      // What doesn't fit is in the pax header; its place here says 0.
      let digits = String(number, radix: 8)
      let text = digits.utf8.count < length ? digits : "0"
      put((String(repeating: "0", count: length - 1 - text.utf8.count) + text).utf8, offset, length - 1)
    }
    put(name.map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, 0, 100)
    putOctal(UInt64(NodeMetadata(node).permissions), 100, 8)
    putOctal(UInt64(node.uid), 108, 8)
    putOctal(UInt64(node.gid), 116, 8)
    putOctal(UInt64(size), 124, 12)
    putOctal(UInt64(max(0, node.modified.seconds)), 136, 12)
    put(type.utf8, 156, 1)
    if type != "x" {
      put(linkTarget.map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, 157, 100)
      if kind == .characterDevice || kind == .blockDevice {
        putOctal(node.device >> 8 & 0xfff | node.device >> 32 & ~0xfff, 329, 8)
        putOctal(node.device & 0xff | node.device >> 12 & 0xffff_ff00, 337, 8)
      }
    }
    put("ustar\u{0}00".utf8, 257, 8)
    put(node.user.utf8.map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, 265, 31)
    put(node.group.utf8.map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, 297, 31)
    // The sum counts its own field as blanks.
    let sum = block.reduce(8 * 0x20) { $0 + UInt64($1) }
    putOctal(sum, 148, 7)
    block[155] = 0x20
    return block
  }
}

/// `LENGTH KEY=VALUE` lines, where the length counts itself.
private struct PaxRecords {
  var bytes: [UInt8] = []

  mutating func add(_ key: String, _ value: [UInt8]) {
    let rest = key.utf8.count + value.count + 3
    var length = rest + 1
    while String(length).count + rest != length { length = String(length).count + rest }
    bytes += Array("\(length) \(key)=".utf8) + value + [UInt8(ascii: "\n")]
  }
}
