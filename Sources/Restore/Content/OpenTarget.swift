internal import FileSystem
internal import Glibc
internal import Synchronization

/// A file that is written in more than one go, perhaps by several workers at once.
final class OpenTarget: Sendable {
  private struct State {
    var file: WritableFile?
    var inode: UInt64?
    /// Zeros need no writing: there is a hole, or a reserved block.
    var readsZeros = false
    var remaining: Int
    var hasFailed = false
  }

  let planned: PlannedFile
  private let sparse: Bool
  private let state: Mutex<State>

  /// - Parameter remaining: pieces that have to be written.
  init(_ planned: PlannedFile, sparse: Bool, remaining: Int) {
    self.planned = planned
    self.sparse = sparse
    state = Mutex(State(remaining: remaining))
  }

  /// The file, open, and whether zeros need no writing. Made at the first call.
  func open(_ folders: OpenFolders, _ openFiles: OpenFiles) throws(FileError) -> (file: WritableFile, readsZeros: Bool)
  {
    let (file, readsZeros, isNew) = try state.withLock { state throws(FileError) in
      if let file = state.file { return (file, state.readsZeros, false) }
      let handle = try folders.handle(planned.folder)
      let file: WritableFile
      if let inode = state.inode {
        file = try handle.openWritable(planned.name)
        guard try file.currentMetadata().inode == inode else {
          throw FileError(path: file.path, operation: "go on with", code: ESTALE)
        }
      } else {
        (file, state.readsZeros) = try prepare(handle)
        state.inode = try file.currentMetadata().inode
      }
      state.file = file
      return (file, state.readsZeros, true)
    }
    if isNew { openFiles.add(self) }
    return (file, readsZeros)
  }

  /// Closes the file for now, unless it is in use.
  func close() { state.withLock { $0.file = nil } }

  /// Counts pieces as done. True for the one call that completes the file.
  func complete(_ pieces: Int) -> Bool {
    state.withLock { state in
      state.remaining -= pieces
      return state.remaining == 0 && !state.hasFailed
    }
  }

  /// Marks the file as one that can't be completed. True the first time.
  func fail() -> Bool {
    state.withLock { state in
      defer { state.hasFailed = true }
      return !state.hasFailed
    }
  }

  var hasFailed: Bool { state.withLock { $0.hasFailed } }

  private func prepare(_ handle: DirectoryHandle) throws(FileError) -> (WritableFile, Bool) {
    switch planned.place {
    case .free:
      let file = try handle.createFile(planned.name)
      guard !sparse, planned.size >= Self.reserveFrom else {
        try file.setSize(planned.size)
        return (file, sparse)
      }
      do throws(FileError) {
        let isReserved = try file.reserve(0..<planned.size)
        try file.setSize(planned.size)
        return (file, isReserved)
      } catch {
        // What could be reserved goes back.
        do throws(FileError) { try file.setSize(0) } catch { return (file, false) }
        throw error
      }
    case .differing, .equal, .shared:
      let file = try handle.openWritableAnyway(planned.name)
      if try file.currentMetadata().size != planned.size { try file.setSize(planned.size) }
      return (file, false)
    }
  }

  /// Smaller files are laid out well enough by the file system itself.
  private static let reserveFrom = 4 << 20
}

extension DirectoryHandle {
  /// Opens a file for writing, also one that its owner has protected.
  func openWritableAnyway(_ name: [UInt8]) throws(FileError) -> WritableFile {
    do {
      return try openWritable(name)
    } catch {
      guard error.code == EACCES else { throw error }
      let place = try openPath(name)
      try place.setPermissions(try place.currentMetadata().permissions | 0o600)
      return try openWritable(name)
    }
  }
}

/// Files that are open between two pieces; the oldest closes when there are too many.
final class OpenFiles: Sendable {
  private struct State {
    var list: [OpenTarget] = []
    var head = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = max(8, limit) }

  func add(_ target: OpenTarget) {
    let oldest = state.withLock { state -> OpenTarget? in
      state.list.append(target)
      guard state.list.count - state.head > limit else { return nil }
      state.head += 1
      let oldest = state.list[state.head - 1]
      if state.head > 1000 {
        state.list.removeFirst(state.head)
        state.head = 0
      }
      return oldest
    }
    oldest?.close()
  }

  /// Closes all.
  func removeAll() {
    let all = state.withLock { state in
      defer { state = State() }
      return state.list
    }
    for target in all { target.close() }
  }
}
