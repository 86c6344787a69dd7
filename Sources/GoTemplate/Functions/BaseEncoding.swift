/// Base64 and base32 with padding, and Go's way to name the byte where a text is wrong.
struct BaseEncoding: Sendable {
  /// A text that is not of this encoding. The message is Go's, since templates get it as their output.
  struct DecodingError: Error, CustomStringConvertible {
    let description: String
  }

  private let name: String
  private let alphabet: [UInt8]
  private let bitsPerCharacter: Int
  /// How many characters stand for a whole number of bytes.
  private let groupLength: Int

  static let base64 = BaseEncoding(
    name: "base64", alphabet: Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8),
    bitsPerCharacter: 6, groupLength: 4)
  static let base32 = BaseEncoding(
    name: "base32", alphabet: Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8), bitsPerCharacter: 5, groupLength: 8)

  func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    var (buffer, bits) = (0, 0)
    let mask = 1 << bitsPerCharacter - 1
    for byte in bytes {
      buffer = (buffer << 8 | Int(byte)) & 0xFFFF
      bits += 8
      while bits >= bitsPerCharacter {
        bits -= bitsPerCharacter
        text.append(alphabet[buffer >> bits & mask])
      }
    }
    if bits > 0 { text.append(alphabet[buffer << (bitsPerCharacter - bits) & mask]) }
    while text.count % groupLength != 0 { text.append(padding) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that a text stands for. Line breaks do not count.
  func decode(_ text: String) throws(DecodingError) -> [UInt8] {
    groupLength == 4 ? try decodeBase64(Array(text.utf8)) : try decodeBase32(text.utf8.filter { !isBreak($0) })
  }

  private func decodeBase64(_ text: [UInt8]) throws(DecodingError) -> [UInt8] {
    var bytes: [UInt8] = []
    var group: [Int] = []
    var position = 0
    func skipBreaks() { while position < text.count, isBreak(text[position]) { position += 1 } }
    while position < text.count {
      let character = text[position]
      position += 1
      if isBreak(character) { continue }
      if let value = values[character] {
        group.append(value)
        if group.count == groupLength { append(&group, to: &bytes) }
        continue
      }
      guard character == padding, group.count >= 2 else { throw corrupt(position - 1) }
      if group.count == 2 {
        skipBreaks()
        guard position < text.count else { throw corrupt(position) }
        guard text[position] == padding else { throw corrupt(position - 1) }
        position += 1
      }
      skipBreaks()
      guard position == text.count else { throw corrupt(position) }
      append(&group, to: &bytes)
    }
    guard group.isEmpty else { throw corrupt(text.count - group.count) }
    return bytes
  }

  private func decodeBase32(_ text: [UInt8]) throws(DecodingError) -> [UInt8] {
    var bytes: [UInt8] = []
    var group: [Int] = []
    for (position, character) in text.enumerated() {
      let rest = text[(position + 1)...]
      if character == padding, group.count >= 2, rest.count < groupLength {
        let missing = groupLength - 1 - group.count
        guard rest.count >= missing else { throw corrupt(text.count) }
        if let other = rest.prefix(missing).firstIndex(where: { $0 != padding }) { throw corrupt(other - 1) }
        // These would end within a byte.
        guard group.count != 3, group.count != 6 else { throw corrupt(position) }
        append(&group, to: &bytes)
        return bytes
      }
      guard let value = values[character] else { throw corrupt(position) }
      group.append(value)
      if group.count == groupLength { append(&group, to: &bytes) }
    }
    guard group.isEmpty else { throw corrupt(text.count - group.count) }
    return bytes
  }

  /// Takes the group's bytes; bits beyond the last whole byte do not count.
  private func append(_ group: inout [Int], to bytes: inout [UInt8]) {
    var (buffer, bits) = (0, 0)
    for value in group {
      buffer = (buffer << bitsPerCharacter | value) & 0xFFFF
      bits += bitsPerCharacter
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(buffer >> bits & 0xFF))
      }
    }
    group = []
  }

  private func isBreak(_ character: UInt8) -> Bool { character == 0x0A || character == 0x0D }

  private var padding: UInt8 { UInt8(ascii: "=") }
  private let values: [UInt8: Int]

  private init(name: String, alphabet: [UInt8], bitsPerCharacter: Int, groupLength: Int) {
    self.name = name
    self.alphabet = alphabet
    self.bitsPerCharacter = bitsPerCharacter
    self.groupLength = groupLength
    values = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })
  }

  private func corrupt(_ position: Int) -> DecodingError {
    DecodingError(description: "illegal \(name) data at input byte \(position)")
  }
}
