internal import FileSystem

/// Finds the subvolumes at a folder and below it, but for those that are kept for volumes.
struct SubvolumeSearch {
  private let interruption: Interruption
  private(set) var found: [DiscoveredVolume] = []

  init(_ interruption: Interruption) { self.interruption = interruption }

  /// - Returns: whether they could be found: only the root of a subvolume tells of those below it, and it may not be mounted.
  mutating func run(at folder: DirectoryHandle) throws(FileError) -> Bool {
    guard let (subvolume, names) = try Self.enclosing(folder) else { return false }
    if names.isEmpty { try add(subvolume) }
    try visit(subvolume, below: names, depth: 0)
    return true
  }

  /// The subvolume that a folder lies in, and the names that lead from there to it.
  private static func enclosing(_ folder: DirectoryHandle) throws(FileError) -> (Subvolume, [[UInt8]])? {
    // Each subvolume has a number of its own.
    let device = try folder.metadata().device
    var path = folder.path
    var names: [[UInt8]] = []
    while true {
      let place = try DirectoryHandle(path: path)
      guard try place.metadata().device == device else { return nil }
      if let subvolume = try Subvolume(place) { return (subvolume, names) }
      guard path.count > 1 else { return nil }
      names.insert(lastName(path), at: 0)
      path = parentPath(path)
    }
  }

  private mutating func visit(_ subvolume: Subvolume, below names: [[UInt8]], depth: Int) throws(FileError) {
    guard depth < 100 else { return }
    for place in try subvolume.nested() {
      try interruption.check(subvolume.folder.path)
      let parts = place.split(separator: UInt8(ascii: "/")).map { Array($0) }
      guard parts.starts(with: names), !ObjectPlace.isKept(parts),
        let inner = try Self.open(parts, in: subvolume.folder)
      else { continue }
      try add(inner)
      try visit(inner, below: [], depth: depth + 1)
    }
  }

  /// Nil where it was deleted or moved meanwhile, or something else is mounted there.
  private static func open(_ names: [[UInt8]], in folder: DirectoryHandle) throws(FileError) -> Subvolume? {
    do throws(FileError) {
      return try Subvolume(folder.openDirectory(beneath: names))
    } catch {
      guard error.isVanished else { throw error }
      return nil
    }
  }

  private mutating func add(_ subvolume: Subvolume) throws(FileError) {
    let path = subvolume.folder.path
    // Inventories are text.
    guard let text = String(validating: path, as: UTF8.self) else { return }
    var notes: [String] = []
    if try mountPoint(of: path) == path { notes.append("mounted") }
    if try subvolume.facts().isReadOnly { notes.append("read-only") }
    found.append(DiscoveredVolume(path: text, kind: .folder, note: notes.joined(separator: ", ")))
  }
}
