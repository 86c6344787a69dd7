internal import CCrypto

/// The key of restic's sealed objects: AES-256-CTR with Poly1305-AES (Bernstein 2005), as restic-format section 2 has it.
public struct SealingKey: Sendable, Equatable {
  /// AES-256, 32 bytes.
  public let encryption: [UInt8]
  /// AES-128 for the nonce's block, 16 bytes.
  public let macK: [UInt8]
  /// Poly1305, 16 bytes, as they were drawn (not masked).
  public let macR: [UInt8]

  /// A key of its parts; nil if one has the wrong length or is all zero, which restic refuses, too.
  public init?(encryption: [UInt8], macK: [UInt8], macR: [UInt8]) {
    guard encryption.count == 32, macK.count == 16, macR.count == 16,
      [encryption, macK, macR].allSatisfy({ $0.contains { $0 != 0 } })
    else { return nil }
    self.encryption = encryption
    self.macK = macK
    self.macR = macR
  }

  /// A key from 64 bytes, as scrypt gives them: encryption, k, r.
  public init?(derived bytes: [UInt8]) {
    guard bytes.count == 64 else { return nil }
    self.init(encryption: Array(bytes[0..<32]), macK: Array(bytes[32..<48]), macR: Array(bytes[48..<64]))
  }

  /// A new random key.
  public static func random() -> SealingKey {
    while true {
      if let key = SealingKey(derived: randomBytes(64)) { return key }
    }
  }
}

/// Seals and opens with one key. Keeps OpenSSL's contexts, so that a small blob costs a microsecond; used by one thread
/// at a time: make one for each.
public final class AuthenticatedCipher {
  /// Bytes that sealing adds: nonce and tag of 16 bytes each.
  public static let overhead = 32

  private let stream: OpaquePointer
  private let nonceCipher: OpaquePointer
  private let mac: OpaquePointer
  /// r and s for Poly1305; s is new for each nonce.
  private var macKey: [UInt8]
  private var nonces = NonceSource()

  /// A cipher for `key`.
  public init(_ key: SealingKey) {
    guard let stream = EVP_CIPHER_CTX_new(), let nonceCipher = EVP_CIPHER_CTX_new(),
      let algorithm = EVP_MAC_fetch(nil, "POLY1305", nil), let mac = EVP_MAC_CTX_new(algorithm)
    else { preconditionFailure("OpenSSL has no memory, or no Poly1305.") }
    EVP_MAC_free(algorithm)
    self.stream = stream
    self.nonceCipher = nonceCipher
    self.mac = mac
    macKey = key.macR + [UInt8](repeating: 0, count: 16)
    precondition(
      EVP_EncryptInit_ex(stream, EVP_aes_256_ctr(), nil, key.encryption, nil) == 1
        && EVP_EncryptInit_ex(nonceCipher, EVP_aes_128_ecb(), nil, key.macK, nil) == 1
        && EVP_CIPHER_CTX_set_padding(nonceCipher, 0) == 1, "OpenSSL has no AES.")
  }

  deinit {
    EVP_CIPHER_CTX_free(stream)
    EVP_CIPHER_CTX_free(nonceCipher)
    EVP_MAC_CTX_free(mac)
  }

  /// Seals `plaintext` into `target`, which must have room for 32 bytes more than that.
  public func seal(_ plaintext: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) {
    seal(plaintext, nonce: nonces.next(), into: target)
  }

  /// `plaintext` as a sealed object.
  public func seal(_ plaintext: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: plaintext.count + Self.overhead) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      plaintext.withUnsafeBytes { seal($0, into: UnsafeMutableRawPointer(base)) }
      count = plaintext.count + Self.overhead
    }
  }

  /// Sealing with a given nonce of 16 bytes: for known answers. A nonce must never be used twice.
  public func seal(_ plaintext: UnsafeRawBufferPointer, nonce: [UInt8], into target: UnsafeMutableRawPointer) {
    target.copyMemory(from: nonce, byteCount: 16)
    let body = target + 16
    crypt(plaintext, nonce: UnsafeRawPointer(target), into: body)
    tag(
      of: UnsafeRawBufferPointer(start: body, count: plaintext.count), nonce: UnsafeRawPointer(target),
      into: body + plaintext.count)
  }

  /// Opens `sealed` into `target`, which must have room for 32 bytes less than that.
  /// - Returns: false if the bytes are not what this key sealed; nothing is written then.
  public func open(_ sealed: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) -> Bool {
    guard sealed.count >= Self.overhead, let nonce = sealed.baseAddress else { return false }
    let body = UnsafeRawBufferPointer(rebasing: sealed[16..<sealed.count - 16])
    let isGenuine = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { expected in
      guard let expected = expected.baseAddress else { return false }
      tag(of: body, nonce: nonce, into: expected)
      return CRYPTO_memcmp(expected, nonce + sealed.count - 16, 16) == 0
    }
    guard isGenuine else { return false }
    crypt(body, nonce: nonce, into: target)
    return true
  }

  /// What `sealed` holds; nil if the bytes are not what this key sealed.
  public func open(_ sealed: [UInt8]) -> [UInt8]? {
    guard sealed.count >= Self.overhead else { return nil }
    var isGenuine = false
    let plaintext = [UInt8](unsafeUninitializedCapacity: sealed.count - Self.overhead) { buffer, count in
      withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { spare in
        let target = buffer.baseAddress.map { UnsafeMutableRawPointer($0) } ?? spare.baseAddress
        isGenuine = target.map { target in sealed.withUnsafeBytes { open($0, into: target) } } ?? false
      }
      count = isGenuine ? sealed.count - Self.overhead : 0
    }
    return isGenuine ? plaintext : nil
  }

  /// Counter mode is its own inverse.
  private func crypt(_ source: UnsafeRawBufferPointer, nonce: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    let nonce = nonce.assumingMemoryBound(to: UInt8.self)
    precondition(EVP_EncryptInit_ex(stream, nil, nil, nil, nonce) == 1, "OpenSSL cannot start AES-256-CTR.")
    var written: CInt = 0
    var done = 0
    while done < source.count {
      let count = min(source.count - done, 1 << 30)  // OpenSSL counts in 32 bits
      precondition(
        EVP_EncryptUpdate(
          stream, (target + done).assumingMemoryBound(to: UInt8.self), &written,
          source.baseAddress.map { ($0 + done).assumingMemoryBound(to: UInt8.self) }, CInt(count)) == 1
          && written == CInt(count), "OpenSSL cannot encrypt.")
      done += count
    }
  }

  private func tag(of body: UnsafeRawBufferPointer, nonce: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    var written: CInt = 0
    var length = 0
    macKey.withUnsafeMutableBufferPointer { key in
      guard let base = key.baseAddress else { return }
      precondition(
        EVP_EncryptUpdate(nonceCipher, base + 16, &written, nonce.assumingMemoryBound(to: UInt8.self), 16) == 1
          && EVP_MAC_init(mac, base, 32, nil) == 1
          && EVP_MAC_update(mac, body.baseAddress?.assumingMemoryBound(to: UInt8.self), body.count) == 1
          && EVP_MAC_final(mac, target.assumingMemoryBound(to: UInt8.self), &length, 16) == 1,
        "OpenSSL cannot compute Poly1305.")
    }
  }
}

/// Random nonces of 16 bytes, drawn from the system by the thousand.
private struct NonceSource {
  private var pool: [UInt8] = []
  private var used = 0

  mutating func next() -> [UInt8] {
    if used == pool.count {
      pool = randomBytes(16 << 8)
      used = 0
    }
    defer { used += 16 }
    return Array(pool[used..<used + 16])
  }
}
