internal import CVolumeShims
internal import FileSystem
internal import Glibc
internal import Synchronization

/// Finds out what copying can do for a volume.
struct CopyCapabilities {
  /// Pairs of file systems, by device number, that are known to share blocks: a try writes a block to the disk.
  private static let known = Mutex<Set<[UInt64]>>([])

  private let volume: VolumePlace
  private let style: CopyDriver.Style

  init(_ volume: VolumePlace, _ style: CopyDriver.Style) {
    self.volume = volume
    self.style = style
  }

  func find() throws(DriverError) -> DriverCapabilities {
    try check()
    let isImage = volume.content == .image
    return DriverCapabilities(
      isCrashConsistent: style == .reflink && isImage, canWriteClones: true, keepsSnapshots: true,
      worksWhileFrozen: try isElsewhere(), kind: isImage ? .image : .folder, warnings: warnings(isImage))
  }

  /// Whether the volume can be copied at all.
  /// - Throws: `.missing` where nothing is, `.permanent` where copying can't do it.
  func check() throws(DriverError) {
    switch volume.content {
    case .nothing: throw volume.missing
    case .other:
      throw DriverError(
        .permanent,
        "\(printablePath(volume.path)) of the volume \(volume.source.label) is neither a folder nor a file: use the driver exec for devices."
      )
    case .folder, .image: break
    }
    if style == .reflink { try checkReflink() }
  }

  private func warnings(_ isImage: Bool) -> [String] {
    var warnings: [String] = []
    switch (style, isImage) {
    case (.directory, _):
      warnings.append("the copy takes time, so it is consistent only while a hook keeps the application from writing")
    case (.reflink, false):
      warnings.append(
        "each file is copied at one instant, but the folder is not: let a hook keep the application from writing")
    case (.reflink, true): break
    }
    if geteuid() != 0 { warnings.append("without root, the owners of files are not kept") }
    return warnings
  }

  /// Whether copies are written to another file system than the volume's.
  private func isElsewhere() throws(DriverError) -> Bool {
    try explaining("the place for snapshots of \(volume.source.label) can't be looked at") { () throws(FileError) in
      let place = volume.content == .image ? parentPath(volume.path) : volume.path
      return try DirectoryHandle(path: place).metadata().device != nearest().metadata().device
    }
  }

  /// Where copies are, or the folder in which that will be made.
  private func nearest() throws(FileError) -> DirectoryHandle {
    do throws(FileError) { return try DirectoryHandle(path: volume.objects.base) } catch {
      guard error.code == ENOENT else { throw error }
      return try DirectoryHandle(path: parentPath(volume.objects.base))
    }
  }

  /// Tries with two files without names, which leave no trace.
  /// - Throws: `.permanent` where blocks can't be shared.
  private func checkReflink() throws(DriverError) {
    let place = volume.content == .image ? parentPath(volume.path) : volume.path
    let code = try explaining("reflinks can't be tried for \(volume.source.label)") { () throws(FileError) in
      try reflinkFailure(from: DirectoryHandle(path: place), to: nearest())
    }
    switch code {
    case 0: return
    case EXDEV:
      throw DriverError(
        .permanent,
        "the snapshot folder \(printablePath(volume.objects.base)) lies in another file system than the volume \(volume.source.label), so they can't share blocks: choose one in the same, or use the driver directory."
      )
    case ENOSPC, EDQUOT:
      throw DriverError(.full, "there is no room for snapshots of the volume \(volume.source.label): free some.")
    default:
      throw DriverError(
        .permanent,
        "the file system of \(printablePath(place)) has no reflinks (\(String(cString: strerror(code)))): use XFS or btrfs for the volume \(volume.source.label), or the driver directory."
      )
    }
  }

  private func reflinkFailure(from: DirectoryHandle, to: DirectoryHandle) throws(FileError) -> Int32 {
    let pair = [try from.metadata().device, try to.metadata().device]
    if Self.known.withLock({ $0.contains(pair) }) { return 0 }
    let code = try tryReflink(from: from, to: to)
    // Device numbers are given anew; a wrong memory only makes for an error that is less clear.
    if code == 0 { Self.known.withLock { if $0.count < 10_000 { $0.insert(pair) } } }
    return code
  }

  private func tryReflink(from: DirectoryHandle, to: DirectoryHandle) throws(FileError) -> Int32 {
    let source = volume_shim_nameless_file(from.descriptor)
    guard source >= 0 else { return try Self.meaning(errno, from) }
    defer { close(source) }
    let target = volume_shim_nameless_file(to.descriptor)
    guard target >= 0 else { return try Self.meaning(errno, to) }
    defer { close(target) }
    let block = [UInt8](repeating: 1, count: 4096)
    guard pwrite(source, block, block.count, 0) == block.count else { return errno == 0 ? ENOSPC : errno }
    return volume_shim_reflink(target, source) == 0 ? 0 : errno
  }

  /// File systems without nameless files have no reflinks either; other failures say nothing of reflinks.
  private static func meaning(_ code: Int32, _ folder: DirectoryHandle) throws(FileError) -> Int32 {
    guard code == EOPNOTSUPP || code == EISDIR || code == EINVAL || code == ENOSPC || code == EDQUOT else {
      throw FileError(path: folder.path, operation: "write to", code: code)
    }
    return code == EISDIR ? EOPNOTSUPP : code
  }
}
