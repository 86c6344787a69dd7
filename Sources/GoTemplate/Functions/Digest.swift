internal import CCrypto

/// Hashes of OpenSSL's libcrypto.
enum Digest {
  /// Which hash: 20, 32 or 64 bytes.
  enum Algorithm {
    case sha1, sha256, sha512
  }

  /// The hash of these bytes.
  /// - Throws: `FunctionError` if the library does not offer it, as in some restricted setups.
  static func of(_ bytes: some Collection<UInt8>, _ algorithm: Algorithm) throws -> [UInt8] {
    let method =
      switch algorithm {
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      case .sha512: EVP_sha512()
      }
    let data = Array(bytes)
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var size: UInt32 = 0
    guard EVP_Digest(data, data.count, &digest, &size, method, nil) == 1 else {
      throw FunctionError("this machine's OpenSSL does not offer \(algorithm)")
    }
    return Array(digest.prefix(Int(size)))
  }

  /// The Adler-32 checksum, as zlib has it.
  static func adler32(of bytes: some Sequence<UInt8>) -> UInt32 {
    let modulus: UInt32 = 65_521
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % modulus
      high = (high + low) % modulus
    }
    return high << 16 | low
  }
}
