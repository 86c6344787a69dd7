internal import FileSystem
internal import Glibc

/// The drivers `reflink` and `directory`: a snapshot is a copy of the volume's folder or image file, which shares its blocks
/// with the volume (`reflink`) or does so only where it can (`directory`).
struct CopyDriver: VolumeDriver {
  /// What tells the two apart.
  enum Style: Sendable {
    case reflink
    case directory
  }

  let style: Style

  var name: String { style == .reflink ? "reflink" : "directory" }

  private var habit: VolumePlace.Habit { style == .reflink ? .atMountPoint : .besideVolume }
  private var sharing: FileContent.Sharing { style == .reflink ? .required : .preferred }

  func capabilities(of source: VolumeSource) async throws(DriverError) -> DriverCapabilities {
    try await blocking { _ throws(DriverError) in
      try CopyCapabilities(VolumePlace(source, habit: habit), style).find()
    }
  }

  func discover(below path: String) async throws(DriverError) -> [DiscoveredVolume] {
    try await blocking { _ throws(DriverError) in
      let volume = try VolumePlace(candidate(path), habit: habit)
      let able = try CopyCapabilities(volume, style).find()
      let found = try explaining("what is at \(printablePath(volume.path)) can't be listed") { () throws(FileError) in
        try copyableVolumes(volume.path, kind: able.kind, withImages: style == .reflink)
      }
      return DiscoveredVolume.distinct(found)
    }
  }

  func snapshot(_ source: VolumeSource, named name: String) async throws(DriverError) -> DriverObject {
    try ObjectName.check(name)
    return try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      let what = "the snapshot \"\(name)\" of the volume \(source.label) was not made"
      if let found = try existing(name, .snapshot, volume, interruption) { return found }
      try CopyCapabilities(volume, style).check()
      switch volume.content {
      case .nothing, .other: throw volume.missing
      case .folder:
        let from = try volume.openFolder()
        return try make(name, .snapshot, volume, what, .folder(from), interruption)
      case .image:
        let from = try explaining(what) { () throws(FileError) in try FileHandle(path: volume.path) }
        return try make(name, .snapshot, volume, what, .image(from), interruption)
      }
    }
  }

  func readiness(_ source: VolumeSource, snapshot: String) async throws(DriverError) -> SnapshotReadiness {
    try ObjectName.check(snapshot)
    return try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      guard let object = try existing(snapshot, .snapshot, volume, interruption) else { return .missing }
      return .ready(bytes: object.bytes)
    }
  }

  func clone(
    _ source: VolumeSource, snapshot: String, named name: String, writable: Bool
  ) async throws(DriverError) -> DriverClone {
    try ObjectName.check(snapshot)
    try ObjectName.check(name)
    return try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      let from = try Content(snapshot, of: volume)
      // Nobody writes to it, so the snapshot does.
      guard writable else { return DriverClone(name: name, place: from.place) }
      let what = "the clone \"\(name)\" of the volume \(source.label) was not made"
      _ = try make(name, .clone, volume, what, from, interruption)
      return DriverClone(name: name, place: from.place(of: volume.objects.path(.clone, name)))
    }
  }

  func releaseClone(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try await release(source, name, .clone)
  }

  func releaseSnapshot(_ source: VolumeSource, named name: String) async throws(DriverError) {
    try await release(source, name, .snapshot)
  }

  func changedRanges(
    _ source: VolumeSource, from: String, to: String
  ) async throws(DriverError) -> [Range<Int>]? {
    try ObjectName.check(from)
    try ObjectName.check(to)
    return try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      guard case .image(let old) = try Content(from, of: volume), case .image(let new) = try Content(to, of: volume)
      else { return nil }
      return try explaining("the snapshots of the volume \(source.label) can't be compared") { () throws(FileError) in
        try SharedExtents.difference(old, new, interruption)
      }
    }
  }

  func restore(
    _ source: VolumeSource, snapshot: String, keeping isKept: PathTest?
  ) async throws(DriverError) {
    try ObjectName.check(snapshot)
    try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      try VolumeRestore(
        volume: volume, snapshot: snapshot, sharing: sharing, interruption: interruption, isKept: isKept
      ).run(from: Content(snapshot, of: volume))
    }
  }

  func owned(_ source: VolumeSource) async throws(DriverError) -> [DriverObject] {
    try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      return try explaining("the snapshots of the volume \(source.label) can't be listed") { () throws(FileError) in
        var found: [DriverObject] = []
        for kind in [DriverObject.Kind.snapshot, .clone] {
          guard let folder = try volume.objects.open(kind) else { continue }
          found += try ObjectFolder(folder: folder, interruption: interruption).objects(kind)
        }
        return found.sorted { ($0.createdAt ?? 0, $0.name) < ($1.createdAt ?? 0, $1.name) }
      }
    }
  }

  private func existing(
    _ name: String, _ kind: DriverObject.Kind, _ volume: VolumePlace, _ interruption: Interruption
  ) throws(DriverError) -> DriverObject? {
    try explaining("the \(kind) \"\(name)\" of the volume \(volume.source.label) can't be looked at") {
      () throws(FileError) in
      guard let folder = try volume.objects.open(kind) else { return nil }
      let objects = ObjectFolder(folder: folder, interruption: interruption)
      guard let status = try objects.find(name) else { return nil }
      return objects.describe(name, kind, status)
    }
  }

  private func make(
    _ name: String, _ kind: DriverObject.Kind, _ volume: VolumePlace, _ what: String, _ content: Content,
    _ interruption: Interruption
  ) throws(DriverError) -> DriverObject {
    // Not of a clone: what is written to it would have the source's times. Nor where bytes may be copied: a program can go
    // on writing to mapped memory without another time of change. Before it shares blocks the file system writes that out.
    let notesSources = kind == .snapshot && style == .reflink
    return try explaining(what) { () throws(FileError) in
      // The folder may be removed as empty by a release at this very moment.
      for attempt in 1... {
        let folder = try volume.objects.make(kind)
        let objects = ObjectFolder(folder: folder, interruption: interruption)
        do throws(FileError) {
          try objects.make(name, isFile: content.isFile, mustLast: kind == .snapshot) { (target) throws(FileError) in
            try content.copy(
              to: target, sharing, interruption, isLive: kind == .snapshot, notesSources: notesSources)
          }
        } catch {
          guard error.code == ENOENT, attempt < 10, try folder.metadata().links == 0 else { throw error }
          continue
        }
        guard let status = try objects.find(name) else { break }
        return objects.describe(name, kind, status)
      }
      throw FileError(path: Array(name.utf8), operation: "find", code: EAGAIN)
    }
  }

  private func release(
    _ source: VolumeSource, _ name: String, _ kind: DriverObject.Kind
  ) async throws(DriverError) {
    try ObjectName.check(name)
    try await blocking { interruption throws(DriverError) in
      let volume = try VolumePlace(source, habit: habit)
      try explaining("the \(kind) \"\(name)\" of the volume \(source.label) was not removed") { () throws(FileError) in
        guard let folder = try volume.objects.open(kind) else { return }
        try ObjectFolder(folder: folder, interruption: interruption).remove(name)
        volume.objects.removeIfEmpty()
      }
    }
  }
}
