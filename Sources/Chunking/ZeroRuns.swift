internal import Glibc

/// Zeros are stored as blobs of this length, in bytes, and its hash is known: restic restores them as holes without reading.
public let zeroChunkLength = 512 << 10

/// Whether all bytes are zero; runs at the speed of memory, and ends at the first that isn't.
public func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let base = bytes.baseAddress, !bytes.isEmpty else { return true }
  let head = min(bytes.count, 64)
  for offset in 0..<head where bytes[offset] != 0 { return false }
  return bytes.count == head || memcmp(base, base + head, bytes.count - head) == 0
}
