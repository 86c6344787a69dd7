internal import FileSystem
internal import Synchronization

/// Files that are written, until what was written is on the disk: only then they get their times.
///
/// The modification time says that a file is complete: another attempt with `.ifChanged` passes it over. But a file system
/// may have size and times of a file on the disk long before its content, which a power failure then turns into zeros.
/// The worker that completes a file when one has waited long enough waits for the disk; the others write on.
///
/// Folders that are done wait with their files, which could not be reached any more under some folders' own permissions.
final class PendingTimes: Sendable {
  /// So long files wait. The kernel lets nothing wait for longer either, so that it has hardly more to write than without
  /// us; and a crash costs no more than to compare again what was written meanwhile.
  private static let patience = Duration.seconds(30)

  private struct File {
    let folder: TargetFolder
    let name: [UInt8]
    let accessed: FileTime
    let modified: FileTime
  }

  private struct State {
    var files: [File] = []
    var finished: [(folder: TargetFolder, metadata: NodeMetadata)] = []
    /// Since when files wait; nil while a worker waits for the disk.
    var start: ContinuousClock.Instant?

    /// Whether somebody has to wait for the disk.
    func isDue(limit: Int) -> Bool {
      if files.count + finished.count >= limit { return true }
      guard let start else { return false }
      return ContinuousClock.now - start >= PendingTimes.patience
    }
  }

  private let folders: OpenFolders
  private let metadata: MetadataWriter
  private let limit: Int
  private let state = Mutex(State(start: ContinuousClock.now))
  /// Held by the worker that waits for the disk.
  private let turn = Mutex(())

  /// - Parameter limit: of files and folders that wait, about 100 bytes of memory each. When as many more are there before
  ///   the disk has the first, all workers wait.
  init(folders: OpenFolders, metadata: MetadataWriter, limit: Int) {
    self.folders = folders
    self.metadata = metadata
    self.limit = limit
  }

  /// Adds a file that is written and has its other metadata. May block until the disk has it, and more.
  func add(_ file: PlannedFile) throws(RestoreError) {
    let waiting = File(
      folder: file.folder, name: file.name, accessed: file.metadata.accessed, modified: file.metadata.modified)
    let isDue = state.withLock { state in
      state.files.append(waiting)
      return state.isDue(limit: limit)
    }
    if isDue { try settle(onlyIfDue: true) }
  }

  /// Adds folders that get nothing more, inner ones first. May block as the other does.
  func add(_ finished: [(folder: TargetFolder, metadata: NodeMetadata)]) throws(RestoreError) {
    let isDue = state.withLock { state in
      state.finished += finished
      return state.isDue(limit: limit)
    }
    if isDue { try settle(onlyIfDue: true) }
  }

  /// Waits until all that was added is on the disk, and gives it its times; these are on the disk some time later.
  /// - Throws: `RestoreError` if something could not be written.
  func settle(onlyIfDue: Bool = false) throws(RestoreError) {
    try turn.withLock { _ throws(RestoreError) in
      guard let taken = take(onlyIfDue: onlyIfDue) else { return }
      try folders.synchronize()
      for file in taken.files { try setTimes(file) }
      for (folder, wanted) in taken.finished { try metadata.apply(wanted, to: folder, in: folders) }
      state.withLock { $0.start = ContinuousClock.now }
    }
  }

  private func take(onlyIfDue: Bool) -> State? {
    state.withLock { state -> State? in
      // Another worker may have been here while this one waited for its turn.
      if onlyIfDue, !state.isDue(limit: limit) { return nil }
      let taken = state
      state = State()
      return taken
    }
  }

  private func setTimes(_ file: File) throws(RestoreError) {
    do throws(FileError) {
      try folders.handle(file.folder).setTimes(of: file.name, accessed: file.accessed, modified: file.modified)
    } catch {
      try metadata.problems.add(.metadata, error)
    }
  }
}
