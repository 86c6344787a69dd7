/// A repository's password. Never printed.
public struct Password: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  let bytes: [UInt8]

  /// A password of these UTF-8 bytes, as they are.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What a password file holds: without its last line end, as restic reads it.
  public init(fileContents bytes: [UInt8]) {
    var end = bytes.count
    while end > 0, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    self.bytes = Array(bytes[..<end])
  }

  /// Whether there is none.
  public var isEmpty: Bool { bytes.isEmpty }

  /// Nothing of the password.
  public var description: String { "…" }
  /// Nothing of the password.
  public var debugDescription: String { "…" }
}
