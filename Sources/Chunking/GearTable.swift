internal import Cryptography

/// The random numbers of a gear hash, one for each byte value.
///
/// They come from a secret of the repository, so that where files are cut, and with it the lengths of the blobs that a
/// store sees, tells nothing about them to those who don't know the secret.
public struct GearTable: Sendable {
  /// 256 numbers. That of zero is zero: 64 zero bytes are then a cut, and runs of zeros give equal chunks.
  let numbers: [UInt64]

  /// The table that belongs to a secret of the repository.
  public init(secret: [UInt8]) {
    var numbers: [UInt64] = []
    numbers.reserveCapacity(256)
    for block in 0..<UInt8(64) {
      let bytes = hmacSHA256(key: secret, Array("holdfast gear table".utf8) + [block])
      for start in stride(from: 0, to: 32, by: 8) {
        numbers.append(bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) })
      }
    }
    numbers[0] = 0
    self.numbers = numbers
  }
}

extension GearTable {
  /// The numbers, for whoever checks the chunker against its definition.
  package var numbersForTests: [UInt64] { numbers }
}
