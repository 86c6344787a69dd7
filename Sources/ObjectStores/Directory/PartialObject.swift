public import Cryptography
internal import Glibc

/// An object that reaches its store piece by piece, so that a large one needs no memory, and is named at the end: by the hash of
/// what it became. One that is let go before is removed.
///
/// Its calls block; it belongs to one caller at a time.
public final class PartialObject: @unchecked Sendable {
  // Unchecked: whoever owns it hands it on, and never shares it.
  let temporary: String
  private let location: String
  private let file: OpenFile
  private let hash = SHA256()
  private var isNamed = false

  init(_ file: consuming OpenFile, at temporary: String, of location: String) {
    self.file = file
    self.temporary = temporary
    self.location = location
  }

  deinit { if !isNamed { unlink(temporary) } }

  /// Adds bytes.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
    hash.update(bytes)
    do throws(Errno) { try file.write(bytes) } catch { throw error.error(location, "cannot write a pack") }
  }

  /// The SHA-256 of all that was added; nothing can be added after this.
  public func digest() -> SHA256Digest { hash.finish() }

  /// Makes it durable and gives it its name.
  func finish(as target: String, mode: mode_t) throws(Errno) {
    if fchmod(file.descriptor, mode) != 0, ![EPERM, ENOTSUP].contains(errno) { throw Errno(errno) }
    try file.synchronize()
    _ = try retrying { rename(temporary, target) }
    isNamed = true
  }
}

extension DirectoryStore {
  /// Begins an object of this kind.
  public func begin(_ kind: ObjectKind) throws(StoreError) -> PartialObject {
    // Its name tells nothing, but looks like others: restic passes over these, and 'sweep' finds them.
    let stem = randomHex() + randomHex() + randomHex() + randomHex()
    let name = ObjectName(kind, stem)
    let temporary = path(of: name) + temporaryMark + randomHex()
    do throws(Errno) {
      return PartialObject(try openNew(temporary, in: folder(of: name)), at: temporary, of: location)
    } catch {
      throw error.error(location, "cannot begin to write a pack")
    }
  }

  /// Gives an object that was begun here its name, durable once this returns.
  public func finish(_ object: PartialObject, as name: ObjectName) async throws(StoreError) {
    let name = try name.checked()
    try await blocking { () throws(StoreError) in
      do throws(Errno) {
        try self.makeMissing(self.folder(of: name))
        try object.finish(as: self.path(of: name), mode: self.fileMode(creating: name))
        try synchronizeFolder(self.folder(of: name))
      } catch {
        throw error.error(self.describe(name), "cannot write it")
      }
    }
  }
}
