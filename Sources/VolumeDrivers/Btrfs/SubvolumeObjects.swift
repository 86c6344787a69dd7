internal import FileSystem
internal import Glibc

/// The snapshots and clones of a volume that are subvolumes.
struct SubvolumeObjects {
  private let volume: VolumePlace

  init(_ volume: VolumePlace) { self.volume = volume }

  /// What is known of an object; nil if there is none of that name.
  func find(
    _ name: String, _ kind: DriverObject.Kind, _ what: String
  ) throws(DriverError) -> (object: DriverObject, isReadOnly: Bool)? {
    let found = try explaining(what) { () throws(FileError) -> (Subvolume?, Bool) in
      guard let folder = try volume.objects.open(kind) else { return (nil, false) }
      return try Self.open(name, in: folder)
    }
    guard let subvolume = found.0 else {
      guard !found.1 else { throw DriverError(.permanent, "\(what): what has that name is no subvolume.") }
      return nil
    }
    return try explaining(what) { () throws(FileError) in try Self.describe(name, kind, subvolume) }
  }

  /// Opens an object, which nobody can delete while this is open.
  /// - Throws: `.missing` if there is none of that name.
  func open(_ name: String, _ kind: DriverObject.Kind, _ what: String) throws(DriverError) -> Subvolume {
    let found = try explaining(what) { () throws(FileError) -> Subvolume? in
      guard let folder = try volume.objects.open(kind), let found = try Self.open(name, in: folder).0 else {
        return nil
      }
      try ObjectLock.take(found.folder.descriptor, .together, "read, while it is deleted,", found.folder.path)
      // It may have been deleted just before.
      return try Self.open(name, in: folder).0 == nil ? nil : found
    }
    guard let found else {
      throw DriverError(.missing, "there is no \(kind) \"\(name)\" of the volume \(volume.source.label).")
    }
    return found
  }

  /// Makes an object, or finds the one that somebody made meanwhile.
  func make(
    _ name: String, _ kind: DriverObject.Kind, of from: Subvolume, _ what: String
  ) throws(DriverError) -> (object: DriverObject, isReadOnly: Bool) {
    try explaining(what) { () throws(FileError) in
      for _ in 0..<10 {
        let folder = try volume.objects.make(kind)
        do throws(FileError) {
          try from.snapshot(Array(name.utf8), in: folder, isReadOnly: kind == .snapshot)
        } catch {
          // ENOENT: the folder was removed as empty by a release at this very moment.
          if error.code == ENOENT { continue }
          guard error.isThere else { throw error }
        }
        guard let made = try Self.open(name, in: folder).0 else { break }
        return try Self.describe(name, kind, made)
      }
      throw FileError(path: Array(name.utf8), operation: "find", code: EAGAIN)
    }
  }

  /// Deletes an object. One that is not there is fine.
  /// - Throws: `FileError` with EBUSY while somebody copies from it.
  func remove(_ name: String, _ kind: DriverObject.Kind) throws(FileError) {
    guard let folder = try volume.objects.open(kind) else { return }
    let found = try Self.open(name, in: folder).0
    if let found {
      try ObjectLock.take(found.folder.descriptor, .alone, "delete, while it is in use,", found.folder.path)
    }
    // The lock ends with `found`.
    try withExtendedLifetime(found) { () throws(FileError) in try Subvolume.delete(Array(name.utf8), in: folder) }
    volume.objects.removeIfEmpty()
  }

  /// All objects, in any order.
  func all() throws(DriverError) -> [DriverObject] {
    try explaining("the snapshots of the volume \(volume.source.label) can't be listed") { () throws(FileError) in
      var objects: [DriverObject] = []
      for kind in [DriverObject.Kind.snapshot, .clone] {
        guard let folder = try volume.objects.open(kind) else { continue }
        for entry in try folder.entries() {
          let name = String(decoding: entry.name, as: UTF8.self)
          guard ObjectName.isAllowed(name), let subvolume = try Self.open(name, in: folder).0 else { continue }
          objects.append(try Self.describe(name, kind, subvolume).object)
        }
      }
      return objects
    }
  }

  /// The subvolume of that name, and whether anything has the name.
  private static func open(_ name: String, in folder: DirectoryHandle) throws(FileError) -> (Subvolume?, Bool) {
    do throws(FileError) {
      return (try Subvolume(folder.openDirectory(Array(name.utf8))), true)
    } catch {
      guard error.isVanished else { throw error }
      return (nil, error.code != ENOENT)
    }
  }

  private static func describe(
    _ name: String, _ kind: DriverObject.Kind, _ subvolume: Subvolume
  ) throws(FileError) -> (object: DriverObject, isReadOnly: Bool) {
    let facts = try subvolume.facts()
    return (DriverObject(kind: kind, name: name, createdAt: facts.madeAt), facts.isReadOnly)
  }
}
