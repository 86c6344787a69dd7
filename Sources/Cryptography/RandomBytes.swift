internal import CCrypto

/// `count` bytes that nobody can guess.
public func randomBytes(_ count: Int) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
    precondition(RAND_bytes(buffer.baseAddress, CInt(count)) == 1, "The system gives no random bytes.")
    initialized = count
  }
}
