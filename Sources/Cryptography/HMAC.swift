internal import CCrypto

/// HMAC-SHA-256 (RFC 2104) of `message` under `key`.
public func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
    var length = 0
    // A key of no bytes still needs a pointer.
    let key = key.isEmpty ? [0] : key
    let result = EVP_Q_mac(
      nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count, buffer.baseAddress, 32, &length)
    precondition(result != nil && length == 32, "OpenSSL has no HMAC-SHA-256.")
    count = 32
  }
}
