internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// The open root of a subvolume.
struct Subvolume {
  /// The number that the root folder of each subvolume has.
  static let rootInode: UInt64 = 256

  let folder: DirectoryHandle

  /// Nil where the folder isn't the root of a subvolume of btrfs.
  init?(_ folder: DirectoryHandle) throws(FileError) {
    guard try folder.metadata().inode == Self.rootInode, try Self.isBtrfs(folder) else { return nil }
    self.folder = folder
  }

  static func isBtrfs(_ folder: DirectoryHandle) throws(FileError) -> Bool {
    let answer = volume_shim_is_btrfs(folder.descriptor)
    guard answer >= 0 else { throw FileError(path: folder.path, operation: "look at", code: errno) }
    return answer == 1
  }

  /// Whether nobody can write to it, and when it was made, in seconds since 1970.
  func facts() throws(FileError) -> (isReadOnly: Bool, madeAt: Int) {
    var facts = volume_shim_subvolume()
    guard volume_shim_subvolume(folder.descriptor, &facts) == 0 else {
      throw FileError(path: folder.path, operation: "look at the subvolume", code: errno)
    }
    return (facts.is_read_only != 0, Int(facts.made_seconds))
  }

  /// Makes an empty subvolume in `parent`; its permissions are as for any new folder there.
  static func make(_ name: [UInt8], in parent: DirectoryHandle) throws(FileError) {
    let path = parent.path + [UInt8(ascii: "/")] + name
    guard isPlainName(name) else { throw FileError(path: path, operation: "make the subvolume", code: EINVAL) }
    guard volume_shim_make_subvolume(parent.descriptor, text(name)) == 0 else {
      throw FileError(path: path, operation: "make the subvolume", code: errno)
    }
  }

  /// Makes a snapshot of it in `parent`; on the disk when this returns.
  func snapshot(_ name: [UInt8], in parent: DirectoryHandle, isReadOnly: Bool) throws(FileError) {
    guard isPlainName(name) else { throw FileError(path: name, operation: "make the subvolume", code: EINVAL) }
    guard volume_shim_snapshot(folder.descriptor, parent.descriptor, text(name), isReadOnly ? 1 : 0) == 0 else {
      throw FileError(path: parent.path + [UInt8(ascii: "/")] + name, operation: "make the subvolume", code: errno)
    }
  }

  /// The paths of the subvolumes right below it, seen from it.
  func nested() throws(FileError) -> [[UInt8]] {
    var paths: [[UInt8]] = []
    var id: UInt64 = 0
    var buffer = [CChar](repeating: 0, count: 8192)
    while true {
      let result = volume_shim_next_nested(folder.descriptor, &id, &buffer, buffer.count)
      guard result >= 0 else { throw FileError(path: folder.path, operation: "list the subvolumes in", code: errno) }
      if result == 0 { return paths }
      paths.append(buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
      id += 1
    }
  }

  /// Deletes the subvolume `name` in `parent`, and those that were made in it. One that is not there is fine.
  static func delete(_ name: [UInt8], in parent: DirectoryHandle, depth: Int = 0) throws(FileError) {
    let path = parent.path + [UInt8(ascii: "/")] + name
    guard isPlainName(name) else { throw FileError(path: path, operation: "delete the subvolume", code: EINVAL) }
    if volume_shim_delete_subvolume(parent.descriptor, text(name)) == 0 { return }
    let code = errno
    if code == ENOENT { return }
    guard code == ENOTEMPTY, depth < 100 else {
      throw FileError(path: path, operation: "delete the subvolume", code: code)
    }
    guard let subvolume = try Subvolume(parent.openDirectory(name)) else {
      throw FileError(path: path, operation: "delete the subvolume", code: ENOTDIR)
    }
    for place in try subvolume.nested() {
      let names = place.split(separator: UInt8(ascii: "/")).map { Array($0) }
      guard let last = names.last else { continue }
      let folder = try subvolume.folder.openDirectory(beneath: names.dropLast())
      try delete(last, in: folder, depth: depth + 1)
    }
    guard volume_shim_delete_subvolume(parent.descriptor, text(name)) == 0 || errno == ENOENT else {
      throw FileError(path: path, operation: "delete the subvolume", code: errno)
    }
  }
}

/// A name without NUL, for a call of C.
private func text(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }
