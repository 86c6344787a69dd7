internal import CCrypto

/// A SHA-256 hash: what names every object and blob of a repository.
///
/// Held as four big-endian words, so that comparing and hashing cost a few instructions; sorts as its bytes and as its
/// hexadecimal text do.
public struct SHA256Digest: Hashable, Sendable, Comparable, BitwiseCopyable {
  /// The bytes 0-7, 8-15, 16-23 and 24-31, each as a big-endian number.
  public let words: (UInt64, UInt64, UInt64, UInt64)

  /// The digest with these bytes; they must be 32.
  public init(bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == 32, "A SHA-256 digest has 32 bytes.")
    func word(_ index: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// The digest of its words, most significant first.
  public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// The digest written as 64 lower-case hexadecimal digits; nil for anything else.
  public init?(hex: some Collection<UInt8>) {
    guard hex.count == 64 else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (position, digit) in hex.enumerated() {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      default: return nil
      }
      words[position / 16] = words[position / 16] << 4 | UInt64(value)
    }
    self.words = (words[0], words[1], words[2], words[3])
  }

  /// The same from text.
  public init?(_ hex: some StringProtocol) { self.init(hex: Array(hex.utf8)) }

  /// The digest of `bytes`.
  public init(of bytes: UnsafeRawBufferPointer) {
    self = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
      let status = EVP_Q_digest(nil, "SHA256", nil, bytes.baseAddress, bytes.count, buffer.baseAddress, nil)
      precondition(status == 1, "OpenSSL has no SHA-256.")
      return SHA256Digest(bytes: UnsafeRawBufferPointer(buffer))
    }
  }

  /// The digest of `bytes`.
  public init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { SHA256Digest(of: $0) } }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      guard let start = buffer.baseAddress else { return }  // never: there is room for 32
      write(to: UnsafeMutableRawPointer(start))
      count = 32
    }
  }

  /// Writes the 32 bytes to `target`.
  public func write(to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: words.0.bigEndian, toByteOffset: 0, as: UInt64.self)
    target.storeBytes(of: words.1.bigEndian, toByteOffset: 8, as: UInt64.self)
    target.storeBytes(of: words.2.bigEndian, toByteOffset: 16, as: UInt64.self)
    target.storeBytes(of: words.3.bigEndian, toByteOffset: 24, as: UInt64.self)
  }

  /// 64 lower-case hexadecimal digits, as UTF-8.
  public func writeHex(to target: UnsafeMutablePointer<UInt8>) {
    func write(_ word: UInt64, _ offset: Int) {
      for digit in 0..<16 {
        let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * digit)) & 15
        target[offset + digit] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
      }
    }
    write(words.0, 0)
    write(words.1, 16)
    write(words.2, 32)
    write(words.3, 48)
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 64) { buffer in
      guard let start = buffer.baseAddress else { return 0 }  // never: there is room for 64
      writeHex(to: start)
      return 64
    }
  }

  /// The first eight digits, as restic shows ids.
  public var shortHex: String { String(hex.prefix(8)) }

  /// Whether all bytes are the same. Not in constant time.
  public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
  /// The order of the bytes, which is that of the hexadecimal text.
  public static func < (left: Self, right: Self) -> Bool { left.words < right.words }
  /// The first word is as good as all: it is a hash already.
  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension SHA256Digest: CustomStringConvertible {
  /// 64 hexadecimal digits.
  public var description: String { hex }
}
