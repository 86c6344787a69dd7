internal import CVolumeShims
internal import FileSystem
internal import Glibc

/// A volume's path with no symbolic link in it, and where the snapshots and clones of it are kept.
struct VolumePlace: Sendable {
  /// What is at the path.
  enum Content: Sendable, Equatable {
    case folder
    case image
    case nothing
    case other
  }

  /// Where a driver keeps copies of a folder if the inventory doesn't say.
  enum Habit: Sendable {
    /// In the folder `.holdfast` of the same file system's mount point.
    case atMountPoint
    /// In the folder `.holdfast` beside the volume; in the volume, if that is a mount point.
    case besideVolume
  }

  let source: VolumeSource
  /// Absolute; the part that exists has no symbolic links.
  let path: [UInt8]
  let content: Content
  let objects: ObjectPlace

  /// Looks at the volume. That it isn't there is no error yet: what is kept of it can still be released.
  init(_ source: VolumeSource, habit: Habit) throws(DriverError) {
    self.source = source
    let path = try explaining("the volume \(source.label) can't be found") { () throws(FileError) in
      try resolvedPath(Array(source.path.utf8))
    }
    let content = try explaining("the volume \(source.label) can't be looked at") { () throws(FileError) in
      try contentKind(path)
    }
    if let folder = source.snapshotFolder {
      let base = try explaining("the snapshot folder of \(source.label) can't be found") { () throws(FileError) in
        try resolvedPath(Array(folder.utf8))
      }
      try Self.refuse(base, within: path, source)
      objects = ObjectPlace(base: base, volume: path, isGiven: true)
    } else {
      objects = try explaining("the mount point of \(source.label) can't be found") { () throws(FileError) in
        try Self.usualPlace(path, content, habit)
      }
    }
    self.path = path
    self.content = content
  }

  /// Where objects are kept if nobody says where.
  private static func usualPlace(
    _ path: [UInt8], _ content: Content, _ habit: Habit
  ) throws(FileError) -> ObjectPlace {
    func place(_ folder: [UInt8]) -> ObjectPlace {
      ObjectPlace(base: joined(folder, TreeCopy.reserved), volume: path, isGiven: false)
    }
    let beside = place(parentPath(path))
    switch (content, habit) {
    case (.image, _), (.other, _), (.nothing, .besideVolume): return beside
    case (.folder, .atMountPoint): return place(try mountPoint(of: path))
    case (.folder, .besideVolume): return try mountPoint(of: path) == path ? place(path) : beside
    case (.nothing, .atMountPoint):
      // It was a folder or an image: only what is kept of it tells which.
      if beside.exists { return beside }
      return place(try mountPoint(of: nearestFolder(parentPath(path))))
    }
  }

  /// A snapshot in the volume would hold itself, and a restore would remove it.
  private static func refuse(
    _ base: [UInt8], within path: [UInt8], _ source: VolumeSource
  ) throws(DriverError) {
    let slash = UInt8(ascii: "/")
    guard base == path || base.starts(with: path.last == slash ? path : path + [slash]) else { return }
    let below = base.dropFirst(path.count).split(separator: slash)
    guard !below.contains(where: { Array($0) == TreeCopy.reserved }) else { return }
    throw DriverError(
      .permanent,
      "the snapshot folder \(printablePath(base)) lies in the volume \(source.label) itself: choose one outside, or one in a folder named .holdfast."
    )
  }

  /// The open folder of the volume.
  /// - Throws: `.missing` where nothing is, `.permanent` where it is no folder.
  func openFolder() throws(DriverError) -> DirectoryHandle {
    switch content {
    case .nothing: throw missing
    case .image, .other:
      throw DriverError(.permanent, "\(printablePath(path)) of the volume \(source.label) is no folder.")
    case .folder: break
    }
    return try explaining("the volume \(source.label) can't be opened") { () throws(FileError) in
      try DirectoryHandle(path: path)
    }
  }

  var missing: DriverError {
    DriverError(.missing, "the volume \(source.label) is not there: \(printablePath(path)) doesn't exist.")
  }
}

extension VolumeSource {
  /// The volume for messages: `"shop/data"`.
  var label: String { "\"" + printable((application.isEmpty ? name : application + "/" + name).prefix(200)) + "\"" }
}

/// Reads the symbolic links of a path as far as it exists.
func resolvedPath(_ path: [UInt8]) throws(FileError) -> [UInt8] {
  var rest: [[UInt8]] = []
  var existing = path
  while true {
    guard existing.count < 4096 else { throw FileError(path: path, operation: "find", code: ENAMETOOLONG) }
    if let found = realpath(String(decoding: existing, as: UTF8.self), nil) {
      defer { free(found) }
      let start = (0..<strlen(found)).map { UInt8(bitPattern: found[$0]) }
      return rest.reversed().reduce(start) { joined($0, $1) }
    }
    let code = errno
    guard code == ENOENT, existing != [UInt8(ascii: "/")] else {
      throw FileError(path: path, operation: "find", code: code)
    }
    let name = Array(existing.split(separator: UInt8(ascii: "/")).last ?? [])
    // Without the folder itself nobody knows where ".." leads.
    guard isPlainName(name) else { throw FileError(path: path, operation: "find", code: code) }
    rest.append(name)
    existing = parentPath(existing)
  }
}

/// The folder that something lies in, by its path.
func parentPath(_ path: [UInt8]) -> [UInt8] {
  let slash = UInt8(ascii: "/")
  var parts = path.split(separator: slash)
  if !parts.isEmpty { parts.removeLast() }
  return [slash] + Array(parts.joined(separator: [slash]))
}

/// The last name of a path.
func lastName(_ path: [UInt8]) -> [UInt8] { Array(path.split(separator: UInt8(ascii: "/")).last ?? []) }

func joined(_ parent: [UInt8], _ name: [UInt8]) -> [UInt8] {
  parent.last == UInt8(ascii: "/") ? parent + name : parent + [UInt8(ascii: "/")] + name
}

private func contentKind(_ path: [UInt8]) throws(FileError) -> VolumePlace.Content {
  var status = stat()
  guard lstat(String(decoding: path, as: UTF8.self), &status) == 0 else {
    if errno == ENOENT { return .nothing }
    throw FileError(path: path, operation: "look at", code: errno)
  }
  switch status.st_mode & S_IFMT {
  case S_IFDIR: return .folder
  case S_IFREG: return .image
  default: return .other
  }
}

private func nearestFolder(_ path: [UInt8]) -> [UInt8] {
  var path = path
  var status = stat()
  while stat(String(decoding: path, as: UTF8.self), &status) != 0, path.count > 1 { path = parentPath(path) }
  return path
}

/// Where the file system of a folder is mounted, as seen from the folder.
func mountPoint(of path: [UInt8]) throws(FileError) -> [UInt8] {
  var place = path
  let mount = try mountID(path)
  while place.count > 1 {
    let parent = parentPath(place)
    guard try mountID(parent) == mount else { return place }
    place = parent
  }
  return place
}

private func mountID(_ path: [UInt8]) throws(FileError) -> UInt64 {
  let folder = try DirectoryHandle(path: path)
  var id: UInt64 = 0
  guard volume_shim_mount_id(folder.descriptor, &id) == 0 else {
    throw FileError(path: path, operation: "find the mount point of", code: errno)
  }
  return id
}
