internal import Glibc

/// An open file of the cache. Its calls block.
final class CacheFile: Sendable {
  let path: String
  private let descriptor: CInt

  private init(path: String, descriptor: CInt) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens a file to read; nil if there is none.
  static func existing(_ path: String) throws(IndexCacheError) -> CacheFile? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw IndexCacheError(path, "opened", errno: errno)
    }
    return CacheFile(path: path, descriptor: descriptor)
  }

  /// Makes a file that isn't there yet; only its owner may read it.
  static func new(_ path: String) throws(IndexCacheError) -> CacheFile {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw IndexCacheError(path, "made", errno: errno) }
    return CacheFile(path: path, descriptor: descriptor)
  }

  /// Its length in bytes.
  func size() throws(IndexCacheError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw IndexCacheError(path, "read", errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw IndexCacheError("the index cache \(path) is no file") }
    return Int(status.st_size)
  }

  /// Fills `target` from `offset` on; a file that ends before that is an error.
  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(IndexCacheError) {
    var done = 0
    while done < target.count {
      let count = pread(descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw IndexCacheError(path, "read", errno: errno) }
      guard count > 0 else { throw IndexCacheError("the index cache \(path) is shorter than it says") }
      done += count
    }
  }

  /// The `count` values that lie from `offset` on.
  func read<Value: BitwiseCopyable>(
    _ count: Int, _: Value.Type, at offset: Int
  ) throws(IndexCacheError) -> [Value] {
    var failure: IndexCacheError?
    let values = [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(IndexCacheError) {
        try read(
          into: UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[..<(count * MemoryLayout<Value>.stride)]), at: offset)
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }

  /// Writes all of `bytes` at `offset`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(IndexCacheError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw IndexCacheError(path, "written", errno: errno) }
      done += count
    }
  }

  /// The first `count` bytes, mapped; they are paged in as they are touched.
  func mapped(_ count: Int) throws(IndexCacheError) -> MappedBytes {
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw IndexCacheError(path, "mapped", errno: errno) }
    // Lookups hit random places: reading ahead would only fill the memory.
    madvise(address, count, MADV_RANDOM)
    // A small one is read at once sooner than page by page.
    if count <= 16 << 20 { madvise(address, count, MADV_WILLNEED) }
    return MappedBytes(UnsafeRawBufferPointer(start: address, count: count))
  }
}

/// A mapped file. Read-only, so that many threads may look.
final class MappedBytes: @unchecked Sendable {
  // Unchecked: nobody writes to the bytes, and they are unmapped with the last reference.
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
