internal import CCrypto

/// SHA-256 of what comes in pieces, by OpenSSL. Used by one thread at a time.
public final class SHA256 {
  private let context: OpaquePointer
  /// Fetched once: looking an algorithm up costs as much as hashing a kilobyte.
  private static let algorithm = Algorithm()

  /// A hash of nothing yet.
  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("There is no memory for a hash.") }
    self.context = context
    restart()
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "OpenSSL cannot hash.")
  }

  /// Adds bytes.
  public func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The hash of all that was added; starts anew.
  public func finish() -> SHA256Digest {
    let digest = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { buffer in
      precondition(
        EVP_DigestFinal_ex(context, buffer.bindMemory(to: UInt8.self).baseAddress, nil) == 1, "OpenSSL cannot hash.")
      return SHA256Digest(bytes: UnsafeRawBufferPointer(buffer))
    }
    restart()
    return digest
  }

  /// The hash of `bytes` alone; anything added before is forgotten.
  public func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    restart()
    update(bytes)
    return finish()
  }

  private func restart() {
    precondition(EVP_DigestInit_ex(context, Self.algorithm.handle, nil) == 1, "OpenSSL has no SHA-256.")
  }

  private final class Algorithm: @unchecked Sendable {
    // Unchecked: OpenSSL's algorithms are immutable and made for many threads. It lives as long as the process.
    let handle = EVP_MD_fetch(nil, "SHA256", nil)
  }
}
