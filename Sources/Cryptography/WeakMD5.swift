internal import CCrypto

/// MD5 of `bytes`, by OpenSSL: 16 bytes, or none where the system forbids it. It protects against accidents at most; some servers
/// still ask for it (RFC 1864).
public func weakMD5(of bytes: [UInt8]) -> [UInt8] {
  var digest = [UInt8](repeating: 0, count: 16)
  var length = 0
  guard EVP_Q_digest(nil, "MD5", nil, bytes, bytes.count, &digest, &length) == 1 else { return [] }
  return digest
}
