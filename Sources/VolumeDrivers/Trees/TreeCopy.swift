internal import FileSystem
internal import Glibc

/// Makes one folder like another, with everything in it: content, owners, permissions, times, attributes, ACLs, hard links,
/// symbolic links, fifos and devices. Sockets are left out: they mean nothing without their program.
///
/// It stays in the volume: no symbolic link is followed, and what is mounted below, another subvolume, and every folder
/// `.holdfast` are neither copied nor touched; nor is what is kept. In a folder that was there, what the source doesn't have is
/// removed, and each file is replaced in one instant.
final class TreeCopy {
  /// Folders below the top one; each level holds two open folders.
  static let depthLimit = 400
  /// What we keep on a volume's own file system lies in folders of this name.
  static let reserved = Array(".holdfast".utf8)
  /// How the names of files begin that are not whole yet.
  static let unfinished = ".holdfast-new"

  let content: FileContent
  var metadata = MetadataCopy()
  private let interruption: Interruption
  private let removal: TreeRemoval
  private let kept: KeptPaths
  private let top: DirectoryHandle
  /// The first name in the target of each file with several, as the names on the way from the top.
  private var firstNames: [FileIdentity: [[UInt8]]] = [:]
  /// Whether programs may be at work in the source: then what vanishes while it is copied is left out, else it is an error.
  var isLive = false
  /// Where the source is a snapshot in which files have the numbers that they have in the target: a file that has the same
  /// number, size and times on both sides, and was changed last before this moment, is left as it is. A change after the
  /// snapshot would have moved its time of change, which programs can't set.
  var unchangedBefore: FileTime?
  /// Whether the target is a folder for people to look at, rather than the volume: what it has and the source doesn't stays, and
  /// what is mounted in it is a folder like others.
  var keepsOthers = false

  private struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  /// - Parameters:
  ///   - target: the top folder of the copy.
  ///   - kept: what of the target stays as it is, by its path from there; the source's is passed over.
  init(
    to target: DirectoryHandle, sharing: FileContent.Sharing, interruption: Interruption,
    keeping kept: KeptPaths = KeptPaths()
  ) {
    top = target
    content = FileContent(sharing, interruption)
    removal = TreeRemoval(interruption: interruption, keeping: kept)
    self.kept = kept
    self.interruption = interruption
  }

  /// Copies everything.
  /// - Parameter isNew: whether the target is empty and ours, in a folder that hands nothing down to what is made in it.
  func run(from source: DirectoryHandle, isNew: Bool) throws(FileError) {
    try copyFolder(source, to: top, isNew: isNew, path: [])
  }

  private func copyFolder(
    _ source: DirectoryHandle, to target: DirectoryHandle, isNew: Bool, path: [[UInt8]]
  ) throws(FileError) {
    guard path.count < Self.depthLimit else {
      throw FileError(
        path: source.path, operation: "copy more than \(Self.depthLimit) folders in each other at", code: ELOOP)
    }
    let entries = try source.entries()
    if !isNew {
      if geteuid() != 0 { try target.setPermissions(0o700) }
      try removeOthers(than: entries, in: target, path: path)
    }
    for entry in entries where !kept.contains(entry.name, below: path) {
      try interruption.check(source.path)
      do throws(FileError) {
        try copy(entry, source, Place(folder: target, name: entry.name, isNew: isNew, path: path))
      } catch {
        guard isLive, error.isVanished, isGone(entry.name, source) else { throw error }
      }
    }
    try metadata.apply(source.metadata(), source.extendedAttributes(), to: target, isNew: isNew)
  }

  private func isGone(_ name: [UInt8], _ source: DirectoryHandle) -> Bool {
    do throws(FileError) {
      _ = try source.metadata(of: name)
      return false
    } catch {
      return error.isVanished
    }
  }

  private func removeOthers(
    than wanted: DirectoryListing, in target: DirectoryHandle, path: [[UInt8]]
  ) throws(FileError) {
    let found = try target.entries()
    let unfinished = Array((Self.unfinished + "-").utf8)
    var next = 0
    for index in found.indices {
      let name = found.name(at: index)
      // Both lists are sorted.
      while next < wanted.count, wanted.name(at: next).lexicographicallyPrecedes(name) { next += 1 }
      if next < wanted.count, wanted.name(at: next) == name { continue }
      if keepsOthers, !name.starts(with: unfinished) { continue }
      try removal.removeFromVolume(name, in: target, path: path)
    }
  }

  private func copy(_ entry: DirectoryEntry, _ source: DirectoryHandle, _ place: Place) throws(FileError) {
    let kind = entry.kindHint == .unknown ? try source.metadata(of: entry.name).kind : entry.kindHint
    switch kind {
    case .directory:
      if entry.name != Self.reserved { try copySubfolder(source, place) }
    case .regular: try copyFile(source, place)
    case .symlink, .fifo, .characterDevice, .blockDevice: try copyNode(source, place)
    case .socket, .unknown:
      if !place.isNew, !keepsOthers { try remove(place) }
    }
  }

  private func copySubfolder(_ source: DirectoryHandle, _ place: Place) throws(FileError) {
    let from: DirectoryHandle
    do throws(FileError) {
      from = try source.openDirectoryOfSameMount(place.name)
    } catch {
      guard error.code == EXDEV else { throw error }
      return try copyMountPoint(source, place)
    }
    // Another subvolume.
    if try from.metadata().device != source.metadata().device { return try copyMountPoint(source, place) }
    let path = place.path + [place.name]
    guard !place.isNew else {
      try place.folder.makeDirectory(place.name)
      return try copyFolder(from, to: place.folder.openDirectory(place.name), isNew: true, path: path)
    }
    guard let to = try openOrMakeFolder(place) else { return }
    try copyFolder(from, to: to, isNew: false, path: path)
  }

  /// The folder of that name in the target; nil if what is there isn't part of the volume.
  private func openOrMakeFolder(_ place: Place) throws(FileError) -> DirectoryHandle? {
    do throws(FileError) {
      if keepsOthers { return try place.folder.openDirectory(place.name) }
      let folder = try place.folder.openDirectoryOfSameMount(place.name)
      return try folder.metadata().device == place.folder.metadata().device ? folder : nil
    } catch {
      if error.code == EXDEV { return nil }
      guard error.isVanished else { throw error }
    }
    try remove(place)
    try place.folder.makeDirectory(place.name)
    return try place.folder.openDirectory(place.name)
  }

  /// Where something else is mounted, the copy has an empty folder: what is there isn't the volume's.
  private func copyMountPoint(_ source: DirectoryHandle, _ place: Place) throws(FileError) {
    if place.isNew {
      try place.folder.makeDirectory(place.name)
    } else {
      _ = try openOrMakeFolder(place)
    }
  }

  private func copyFile(_ source: DirectoryHandle, _ place: Place) throws(FileError) {
    let file = try source.openFile(place.name)
    let status = try file.metadata()
    guard status.kind == .regular else {
      throw FileError(path: file.path, operation: "open", code: ESTALE)
    }
    let identity = FileIdentity(device: status.device, inode: status.inode)
    if try isUnchanged(status, place) {
      firstNames[identity] = status.links > 1 ? place.path + [place.name] : nil
      return
    }
    if status.links > 1, let first = firstNames[identity] { return try link(first, place) }
    try make(place) { (name) throws(FileError) in
      let copy = try place.folder.createFile(name)
      try content.copy(file, size: status.size, to: copy)
      try metadata.apply(status, file.extendedAttributes(), to: copy, isNew: place.isNew)
    }
    content.progress?.countFile()
    if status.links > 1 { firstNames[identity] = place.path + [place.name] }
  }

  private func isUnchanged(_ wanted: FileMetadata, _ place: Place) throws(FileError) -> Bool {
    guard let unchangedBefore, !place.isNew, wanted.changed < unchangedBefore,
      let found = try place.folder.metadataIfThere(of: place.name)
    else { return false }
    return found.inode == wanted.inode && found.changed == wanted.changed && found.modified == wanted.modified
      && found.size == wanted.size && found.mode == wanted.mode && found.links == wanted.links
  }

  private func link(_ first: [[UInt8]], _ place: Place) throws(FileError) {
    guard let existing = first.last else { return }
    let folder = try top.openDirectory(beneath: first.dropLast())
    try make(place) { (name) throws(FileError) in try place.folder.makeLink(name, to: existing, in: folder) }
  }

  private func copyNode(_ source: DirectoryHandle, _ place: Place) throws(FileError) {
    let status = try source.metadata(of: place.name)
    let attributes = try source.extendedAttributes(of: place.name)
    if try isUnchanged(status, place) { return }
    let target = status.kind == .symlink ? try source.readLink(place.name) : []
    try make(place) { (name) throws(FileError) in
      if status.kind == .symlink {
        try place.folder.makeSymlink(name, to: target)
      } else {
        try place.folder.makeNode(name, kind: status.kind, device: status.deviceNumber)
      }
      let node = try place.folder.openPath(name)
      try metadata.apply(status, attributes, to: node, isNew: place.isNew, isLink: status.kind == .symlink)
    }
  }

  /// Makes something that isn't a folder: in a new folder under its name, else under another one that then replaces what is
  /// there, so that nobody ever sees half of it.
  private func make(_ place: Place, _ body: ([UInt8]) throws(FileError) -> Void) throws(FileError) {
    if place.isNew { return try body(place.name) }
    let name = temporaryName(Self.unfinished)
    do throws(FileError) {
      try body(name)
      do throws(FileError) { try place.folder.rename(name, to: place.name) } catch {
        guard error.code == EISDIR || error.isThere else { throw error }
        try removeFolder(place)
        try place.folder.rename(name, to: place.name)
      }
    } catch {
      // A second failure would only hide the first; the next call removes what is left.
      try? place.folder.removeFile(name)
      throw error
    }
  }

  /// Removes what is at a place, but for what isn't the volume's or is kept.
  private func remove(_ place: Place) throws(FileError) {
    try removal.removeFromVolume(place.name, in: place.folder, path: place.path)
  }

  /// Removes a folder that is in the way of something else; where others are kept, only an empty one.
  private func removeFolder(_ place: Place) throws(FileError) {
    guard keepsOthers else { return try remove(place) }
    do throws(FileError) { try place.folder.removeEmptyDirectory(place.name) } catch {
      guard error.isThere else { throw error }
      throw FileError(path: error.path, operation: "put what is no folder in the place of the folder", code: EISDIR)
    }
  }
}

/// Where something of a tree goes.
private struct Place {
  let folder: DirectoryHandle
  let name: [UInt8]
  /// Whether the folder was made by us just now.
  let isNew: Bool
  /// The names on the way from the top to the folder.
  let path: [[UInt8]]
}

/// `prefix-` and 16 digits that nobody else has.
func temporaryName(_ prefix: String) -> [UInt8] {
  let number = String(UInt64.random(in: .min ... .max), radix: 16)
  return Array((prefix + "-" + String(repeating: "0", count: 16 - number.count) + number).utf8)
}
