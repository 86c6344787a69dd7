internal import FileSystem
internal import Glibc

/// The driver `btrfs`: a snapshot is a read-only snapshot of the volume's subvolume, made in one instant by the kernel.
///
/// A read-only clone is the snapshot itself, a writable one is a writable snapshot of it. Subvolumes below the volume's are
/// not in its snapshots; `capabilities` warns of them.
struct BtrfsDriver: VolumeDriver {
  var name: String { "btrfs" }

  func capabilities(of source: VolumeSource) async throws(DriverError) -> DriverCapabilities {
    try await blocking { _ throws(DriverError) in
      let volume = try VolumePlace(source, habit: .atMountPoint)
      let subvolume = try open(volume)
      let nested = try explaining("the subvolumes in \(source.label) can't be listed") { () throws(FileError) in
        try subvolume.nested().filter {
          !$0.split(separator: UInt8(ascii: "/")).contains { Array($0) == TreeCopy.reserved }
        }
      }
      return DriverCapabilities(
        isCrashConsistent: true, canWriteClones: true, keepsSnapshots: true, worksWhileFrozen: false, kind: .folder,
        warnings: nested.isEmpty ? [] : [Self.warning(nested)])
    }
  }

  private static func warning(_ nested: [[UInt8]]) -> String {
    let shown = nested.prefix(10).map { printablePath($0) }.joined(separator: ", ")
    let more = nested.count > 10 ? " and \(nested.count - 10) more" : ""
    return "subvolumes in it are not in its snapshots: \(shown)\(more); name each as a volume of its own"
  }

  func discover(below path: String) async throws(DriverError) -> [DiscoveredVolume] {
    try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(candidate(path), habit: .atMountPoint)
      let folder = try volume.openFolder()
      let what = "the subvolumes below \(printablePath(volume.path)) can't be listed"
      let isBtrfs = try explaining(what) { () throws(FileError) in try Subvolume.isBtrfs(folder) }
      guard isBtrfs else { throw Self.notOnBtrfs(volume) }
      var search = SubvolumeSearch(interruption)
      let isDone = try explaining(what) { () throws(FileError) in try search.run(at: folder) }
      guard isDone else {
        throw DriverError(
          .permanent,
          "\(what): only a part of the subvolume is mounted there; mount the whole subvolume, and look where it is.")
      }
      return DiscoveredVolume.distinct(search.found)
    }
  }

  func snapshot(_ source: VolumeSource, named name: String) async throws(DriverError) -> DriverObject {
    try ObjectName.check(name)
    return try await blocking { _ throws(DriverError) in
      let volume = try VolumePlace(source, habit: .atMountPoint)
      let objects = SubvolumeObjects(volume)
      let what = "the snapshot \"\(name)\" of the volume \(source.label) was not made"
      // The volume itself may be gone by now.
      if let found = try objects.find(name, .snapshot, what) { return try Self.checked(found, what) }
      let from = try open(volume)
      return try Self.checked(objects.make(name, .snapshot, of: from, what), what)
    }
  }

  private static func checked(
    _ found: (object: DriverObject, isReadOnly: Bool), _ what: String
  ) throws(DriverError) -> DriverObject {
    guard found.isReadOnly else {
      throw DriverError(.permanent, "\(what): what has that name is writable, so it is no snapshot of ours.")
    }
    return found.object
  }

  func readiness(_ source: VolumeSource, snapshot: String) async throws(DriverError) -> SnapshotReadiness {
    try ObjectName.check(snapshot)
    return try await blocking { _ throws(DriverError) in
      let objects = SubvolumeObjects(try VolumePlace(source, habit: .atMountPoint))
      let what = "the snapshot \"\(snapshot)\" of the volume \(source.label) can't be looked at"
      return try objects.find(snapshot, .snapshot, what) == nil ? .missing : .ready(bytes: nil)
    }
  }

  func clone(
    _ source: VolumeSource, snapshot: String, named name: String, writable: Bool
  ) async throws(DriverError) -> DriverClone {
    try ObjectName.check(snapshot)
    try ObjectName.check(name)
    return try await blocking { _ throws(DriverError) in
      let volume = try VolumePlace(source, habit: .atMountPoint)
      let objects = SubvolumeObjects(volume)
      let what = "the clone \"\(name)\" of the volume \(source.label) was not made"
      let from = try objects.open(snapshot, .snapshot, what)
      guard writable else {
        return DriverClone(name: name, place: .folder(volume.objects.path(.snapshot, snapshot)))
      }
      if try objects.find(name, .clone, what) == nil { _ = try objects.make(name, .clone, of: from, what) }
      return DriverClone(name: name, place: .folder(volume.objects.path(.clone, name)))
    }
  }

  func releaseClone(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try await release(source, name, .clone)
  }

  func releaseSnapshot(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try await release(source, name, .snapshot)
  }

  private func release(
    _ source: VolumeSource, _ name: String, _ kind: DriverObject.Kind
  ) async throws(DriverError) {
    try ObjectName.check(name)
    try await blocking { _ throws(DriverError) in
      let volume = try VolumePlace(source, habit: .atMountPoint)
      try explaining("the \(kind) \"\(name)\" of the volume \(source.label) was not deleted") { () throws(FileError) in
        try SubvolumeObjects(volume).remove(name, kind)
      }
    }
  }

  func changedRanges(
    _ source: VolumeSource, from: String, to: String
  ) async throws(DriverError) -> [Range<Int>]? { nil }

  func restore(
    _ source: VolumeSource, snapshot: String, keeping isKept: PathTest?
  ) async throws(DriverError) {
    try ObjectName.check(snapshot)
    try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: .atMountPoint)
      let what = "the volume \(source.label) was not restored from the snapshot \"\(snapshot)\""
      let from = try SubvolumeObjects(volume).open(snapshot, .snapshot, what)
      if volume.content == .nothing {
        return try explaining(what) { () throws(FileError) in
          try from.snapshot(
            lastName(volume.path), in: DirectoryHandle(path: parentPath(volume.path)), isReadOnly: false)
        }
      }
      _ = try open(volume)
      let madeAt = try explaining(what) { () throws(FileError) in try from.facts().madeAt }
      // Two seconds, since clocks of files are coarse.
      try VolumeRestore(
        volume: volume, snapshot: snapshot, sharing: .preferred, interruption: interruption,
        unchangedBefore: FileTime(seconds: Int64(madeAt) - 2, nanoseconds: 0), isKept: isKept
      ).run(from: .folder(from.folder))
    }
  }

  func owned(_ source: VolumeSource) async throws(DriverError) -> [DriverObject] {
    try await blocking { _ throws(DriverError) in
      let objects = SubvolumeObjects(try VolumePlace(source, habit: .atMountPoint))
      return try objects.all().sorted { ($0.createdAt ?? 0, $0.name) < ($1.createdAt ?? 0, $1.name) }
    }
  }

  func makeEmptyVolume(at path: String) async throws(DriverError) {
    let (parent, name) = (parentPath(Array(path.utf8)), lastName(Array(path.utf8)))
    try await blocking { _ throws(DriverError) in
      let what = "no subvolume was made at \(printable(path))"
      try explaining(what) { () throws(FileError) -> Void in
        let folder = try makeFolders(parent)
        guard try Subvolume.isBtrfs(folder) else { return }
        do throws(FileError) {
          _ = try folder.metadata(of: name)
          return
        } catch {
          guard error.isVanished else { throw error }
        }
        // As other folders that we make: whoever restores into it decides who may look, and nobody before.
        let new = temporaryName(".holdfast-new")
        try Subvolume.make(new, in: folder)
        do throws(FileError) {
          try folder.openDirectory(new).setPermissions(0o700)
          try folder.renameToNew(new, name)
        } catch {
          try? folder.removeEmptyDirectory(new)
          guard error.isThere else { throw error }
        }
      }
    }
  }

  private func open(_ volume: VolumePlace) throws(DriverError) -> Subvolume {
    let folder = try volume.openFolder()
    let found = try explaining("the volume \(volume.source.label) can't be looked at") { () throws(FileError) in
      (isBtrfs: try Subvolume.isBtrfs(folder), subvolume: try Subvolume(folder))
    }
    guard found.isBtrfs else { throw Self.notOnBtrfs(volume) }
    guard let subvolume = found.subvolume else {
      throw DriverError(
        .permanent,
        "\(printablePath(volume.path)) of the volume \(volume.source.label) is a folder in a subvolume, not a subvolume: name the subvolume, or use the driver reflink."
      )
    }
    return subvolume
  }

  private static func notOnBtrfs(_ volume: VolumePlace) -> DriverError {
    DriverError(
      .permanent,
      "\(printablePath(volume.path)) of the volume \(volume.source.label) is not on btrfs: use the driver reflink or directory."
    )
  }
}
