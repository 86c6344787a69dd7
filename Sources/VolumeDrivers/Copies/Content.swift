internal import FileSystem
internal import Glibc

/// What is copied: a folder with everything in it, or an image file.
enum Content {
  case folder(DirectoryHandle)
  case image(FileHandle)

  /// Opens a snapshot, which nobody can remove while this is open.
  /// - Throws: `.missing` if there is none of that name.
  init(_ snapshot: String, of volume: VolumePlace) throws(DriverError) {
    let found = try explaining(
      "the snapshot \"\(snapshot)\" of the volume \(volume.source.label) can't be opened"
    ) { () throws(FileError) -> Content? in
      guard let folder = try volume.objects.open(.snapshot) else { return nil }
      let name = Array(snapshot.utf8)
      do throws(FileError) {
        let content: Content =
          try folder.metadata(of: name).kind == .directory
          ? .folder(try folder.openDirectory(name)) : .image(try folder.openFile(name))
        try ObjectLock.take(content.descriptor, .together, "read, while it is removed,", content.path)
        // It may have been removed just before.
        return try folder.metadata(of: name).inode == content.inode() ? content : nil
      } catch {
        guard error.code == ENOENT else { throw error }
        return nil
      }
    }
    guard let found else {
      throw DriverError(.missing, "there is no snapshot \"\(snapshot)\" of the volume \(volume.source.label).")
    }
    self = found
  }

  var isFile: Bool {
    switch self {
    case .folder: false
    case .image: true
    }
  }

  private var descriptor: Int32 {
    switch self {
    case .folder(let folder): folder.descriptor
    case .image(let file): file.descriptor
    }
  }

  private func inode() throws(FileError) -> UInt64 {
    switch self {
    case .folder(let folder): try folder.metadata().inode
    case .image(let file): try file.metadata().inode
    }
  }

  private var path: [UInt8] {
    switch self {
    case .folder(let folder): folder.path
    case .image(let file): file.path
    }
  }

  /// Where it is.
  var place: DriverClone.Place { place(of: String(decoding: path, as: UTF8.self)) }

  /// The same sort of place somewhere else.
  func place(of path: String) -> DriverClone.Place { isFile ? .image(path) : .folder(path) }

  /// Copies everything into something new of the same sort. Returns whether bytes were written rather than shared.
  /// - Parameters:
  ///   - isLive: see `TreeCopy.isLive`.
  ///   - notesSources: see `MetadataCopy.notesSources`.
  func copy(
    to target: UnfinishedObject, _ sharing: FileContent.Sharing, _ interruption: Interruption, isLive: Bool = false,
    notesSources: Bool = false, progress: CopyProgress? = nil
  ) throws(FileError) -> Bool {
    var metadata = MetadataCopy()
    metadata.notesSources = notesSources
    switch (self, target) {
    case (.folder(let from), .folder(let to)):
      let copy = TreeCopy(to: to, sharing: sharing, interruption: interruption)
      copy.isLive = isLive
      copy.metadata = metadata
      try copy.run(from: from, isNew: true)
      return copy.content.copiedBytes > 0
    case (.image(let from), .file(let to)):
      let content = FileContent(sharing, interruption)
      content.progress = progress
      let status = try from.metadata()
      let isDevice = status.kind == .blockDevice
      try content.copy(from, size: isDevice ? from.deviceSize() : status.size, to: to)
      // Owner, times and permissions of a device's name say nothing about what is on it.
      if !isDevice { try metadata.apply(status, from.extendedAttributes(), to: to, isNew: true) }
      progress?.countFile()
      return content.copiedBytes > 0
    case (.folder(let from), .file): throw FileError(path: from.path, operation: "copy", code: EISDIR)
    case (.image(let from), .folder): throw FileError(path: from.path, operation: "copy", code: ENOTDIR)
    }
  }
}

extension ObjectPlace {
  /// The path of an object.
  func path(_ kind: DriverObject.Kind, _ name: String) -> String {
    let place = [key, folderName(kind), Array(name.utf8)].reduce(base, joined)
    return String(decoding: place, as: UTF8.self)
  }
}
