import Glibc

/// Why the file system didn't do what it was asked to.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The raw bytes of the path in question, as far as it is known.
  public let path: [UInt8]
  /// What was tried, as words that fit after "cannot": `open`, `read the attributes of`.
  public let operation: String
  /// The system's reason, an `errno`.
  public let code: Int32

  /// An error of one call.
  public init(path: [UInt8], operation: String, code: Int32) {
    self.path = path
    self.operation = operation
    self.code = code
  }

  /// Whether the file (or a folder above it) is there no more, or has become something else.
  public var isVanished: Bool { code == ENOENT || code == ENOTDIR || code == ESTALE || code == ELOOP }
  /// Whether it is a matter of permissions.
  public var isDenied: Bool { code == EACCES || code == EPERM }
  /// Whether the disk or the quota is full.
  public var isFull: Bool { code == ENOSPC || code == EDQUOT }
  /// Whether every other write to this file system would fail, too: it is read-only, broken, gone, or we may open no more files.
  public var isHopeless: Bool { [EROFS, EIO, ENODEV, EMFILE, ENFILE, ENOMEM, ESHUTDOWN].contains(code) }
  /// Whether something of that name is in the way.
  public var isThere: Bool { code == EEXIST || code == ENOTEMPTY }

  /// One sentence; bytes of the path that are not UTF-8 or control the terminal are shown as `\xNN`.
  public var description: String { "cannot \(operation) \(printablePath(path)): \(String(cString: strerror(code)))" }
}

/// A path for people: what is not UTF-8, or would control a terminal, is shown as `\xNN`.
public func printablePath(_ path: [UInt8]) -> String {
  var text = ""
  var decoder = UTF8()
  var rest = path[...]
  while !rest.isEmpty {
    let before = rest
    var iterator = rest.makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator), scalar.value >= 0x20,
      !(0x7f...0x9f).contains(scalar.value)
    {
      text.unicodeScalars.append(scalar)
      rest = rest.dropFirst(UTF8.encode(scalar)?.count ?? 1)
    } else {
      let byte = before.first ?? 0
      text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      rest = rest.dropFirst()
    }
    decoder = UTF8()
  }
  return text
}
