internal import FileSystem
internal import Glibc
internal import Synchronization

/// A folder below the target. It is held open only while it is in use.
final class TargetFolder: Sendable {
  let parent: TargetFolder?
  /// Empty for the target itself.
  let name: [UInt8]
  let number: Int
  let depth: Int
  /// Made by this restore, so that nothing can be in it that isn't ours.
  let isNew: Bool

  init(parent: TargetFolder?, name: [UInt8], number: Int, isNew: Bool) {
    self.parent = parent
    self.name = name
    self.number = number
    self.isNew = isNew
    depth = parent.map { $0.depth + 1 } ?? 0
  }

  /// The path below the target.
  var path: [UInt8] {
    var names: [[UInt8]] = []
    var folder: TargetFolder? = self
    while let next = folder, next.parent != nil {
      names.append(next.name)
      folder = next.parent
    }
    return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
  }

  /// The path of something in it, below the target.
  func path(of entry: [UInt8]) -> [UInt8] {
    let path = path
    return path.isEmpty ? entry : path + [UInt8(ascii: "/")] + entry
  }
}

/// The folders of the target that are open; as many as the system's limit of open files allows.
final class OpenFolders: Sendable {
  private struct State {
    var handles: [Int: (handle: DirectoryHandle, lastUse: Int)] = [:]
    /// A folder of each file system that is mounted below the target, by its number.
    var mounted: [UInt64: DirectoryHandle] = [:]
    var clock = 0
  }

  /// Nil in a dry run to a target that isn't there: then nothing asks for it.
  private let root: DirectoryHandle?
  private let limit: Int
  private let state = Mutex(State())

  init(root: DirectoryHandle?, limit: Int) {
    self.root = root
    self.limit = max(8, limit)
  }

  /// The open folder. No symbolic link is followed on the way from the nearest open one.
  func handle(_ folder: TargetFolder) throws(FileError) -> DirectoryHandle {
    guard var base = root else { throw FileError(path: folder.path, operation: "open the folder", code: ENOENT) }
    guard folder.parent != nil else { return base }
    if let known = known(folder) { return known }
    var names = [folder.name]
    var ancestor = folder.parent
    while let next = ancestor, next.parent != nil {
      if let known = known(next) {
        base = known
        break
      }
      names.append(next.name)
      ancestor = next.parent
    }
    let opened = try base.openDirectory(beneath: names.reversed())
    add(folder, opened)
    return opened
  }

  /// Waits until everything is on the disk that was written to the folders.
  /// - Throws: `RestoreError` if something could not be written.
  func synchronize() throws(RestoreError) {
    for folder in [root].compactMap(\.self) + state.withLock({ Array($0.mounted.values) }) {
      do throws(FileError) { try folder.synchronizeFileSystem() } catch {
        throw RestoreError(
          error.isFull ? .full : .target, "what was restored may not be on the disk as a whole: \(error)")
      }
    }
  }

  /// Remembers the file system of a folder that was there before: something else may be mounted on it.
  func note(_ handle: DirectoryHandle) throws(FileError) {
    let device = try handle.metadata().device
    state.withLock { $0.mounted[device] = $0.mounted[device] ?? handle }
  }

  func add(_ folder: TargetFolder, _ handle: DirectoryHandle) {
    let dropped = state.withLock { state -> [DirectoryHandle] in
      state.clock += 1
      state.handles[folder.number] = (handle, state.clock)
      guard state.handles.count > limit else { return [] }
      // Half of them at once, so that it is rare.
      let oldest = state.handles.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(limit / 2)
      for entry in oldest { state.handles[entry.key] = nil }
      return oldest.map(\.value.handle)
    }
    // Closed here, without the lock, unless still in use.
    withExtendedLifetime(dropped) {}
  }

  private func known(_ folder: TargetFolder) -> DirectoryHandle? {
    state.withLock { state in
      state.clock += 1
      state.handles[folder.number]?.lastUse = state.clock
      return state.handles[folder.number]?.handle
    }
  }
}
