internal import FileSystem
internal import Glibc

/// Where the snapshots and clones of one volume are kept: `BASE/NAME-HASH/snapshots/…` and `…/clones/…`, all of them open to
/// root only. NAME is the volume's own for people; HASH, of its path seen from BASE, tells volumes apart.
struct ObjectPlace: Sendable {
  let base: [UInt8]
  let key: [UInt8]
  private let isGiven: Bool

  /// - Parameters:
  ///   - volume: the volume's path.
  ///   - isGiven: whether people chose the base: then it isn't ours to remove.
  init(base: [UInt8], volume: [UInt8], isGiven: Bool) {
    self.base = base
    self.isGiven = isGiven
    // Seen from the base's own folder, so that it stays the same wherever the file system is mounted.
    let parent = parentPath(base)
    let path = isGiven || !volume.starts(with: parent) ? volume : Array(volume.dropFirst(parent.count))
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path.drop(while: { $0 == UInt8(ascii: "/") }) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    let name = String(decoding: lastName(volume).prefix(60), as: UTF8.self).unicodeScalars.map {
      $0.isASCII && ObjectName.isAllowed("a\($0)") ? Character($0) : "_"
    }
    key = Array((String(name) + "-" + String(repeating: "0", count: 16 - digits.count) + digits).utf8)
  }

  /// Whether the names on the way to something tell that it is kept for a volume: in our folder, or in one that people chose.
  static func isKept(_ names: [[UInt8]]) -> Bool {
    if names.contains(TreeCopy.reserved) { return true }
    guard let key = names.dropLast(2).last, let kind = names.dropLast().last,
      [Array("snapshots".utf8), Array("clones".utf8)].contains(kind)
    else { return false }
    let hash = key.suffix(17)
    return hash.count == 17 && hash.first == UInt8(ascii: "-")
      && hash.dropFirst().allSatisfy { Array("0123456789abcdef".utf8).contains($0) }
  }

  /// Whether anything of the volume is kept here.
  var exists: Bool {
    var status = stat()
    return stat(String(decoding: joined(base, key), as: UTF8.self), &status) == 0
  }

  /// The folder of one sort of object; nil if there is none yet.
  func open(_ kind: DriverObject.Kind) throws(FileError) -> DirectoryHandle? {
    do throws(FileError) {
      return try DirectoryHandle(path: base).openDirectory(beneath: [key, folderName(kind)])
    } catch {
      guard error.code == ENOENT else { throw error }
      return nil
    }
  }

  /// The folder of one sort of object, which is made if need be.
  func make(_ kind: DriverObject.Kind) throws(FileError) -> DirectoryHandle {
    // An empty one may be removed by a release at this very moment.
    for _ in 0..<100 {
      do throws(FileError) {
        let top = try makeBase()
        return try Self.makeFolder(folderName(kind), in: Self.makeFolder(key, in: top))
      } catch {
        guard error.code == ENOENT else { throw error }
      }
    }
    throw FileError(path: base, operation: "make the folder", code: EBUSY)
  }

  private func makeBase() throws(FileError) -> DirectoryHandle {
    // A given folder with folders above it is made for the asking; ours only in what is there.
    if isGiven, let folder = try? DirectoryHandle(path: base) { return folder }
    return try Self.makeFolder(lastName(base), in: DirectoryHandle(path: parentPath(base)))
  }

  private static func makeFolder(_ name: [UInt8], in parent: DirectoryHandle) throws(FileError) -> DirectoryHandle {
    do throws(FileError) { return try parent.openDirectory(name) } catch {
      guard error.code == ENOENT else { throw error }
    }
    do throws(FileError) {
      try parent.makeDirectory(name, permissions: 0o700)
      let folder = try parent.openDirectory(name)
      // What lies above may hand down a group or an ACL.
      try folder.setOwner(uid: geteuid(), gid: getegid())
      try folder.removeAttribute("system.posix_acl_default")
      try folder.removeAttribute("system.posix_acl_access")
      try folder.setPermissions(0o700)
      return folder
    } catch {
      guard error.isThere else { throw error }
      return try parent.openDirectory(name)
    }
  }

  /// Removes the folders if nothing is kept in them any more. That they stay is no harm.
  func removeIfEmpty() {
    guard let top = try? DirectoryHandle(path: base) else { return }
    if let folder = try? top.openDirectory(key) {
      for kind in [DriverObject.Kind.snapshot, .clone] { try? folder.removeEmptyDirectory(folderName(kind)) }
    }
    guard (try? top.removeEmptyDirectory(key)) != nil, !isGiven else { return }
    try? DirectoryHandle(path: parentPath(base)).removeEmptyDirectory(lastName(base))
  }

  func folderName(_ kind: DriverObject.Kind) -> [UInt8] {
    Array((kind == .snapshot ? "snapshots" : "clones").utf8)
  }
}
