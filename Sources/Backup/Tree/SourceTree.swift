internal import FileSystem
internal import Glibc

/// The folders above the sources, as the snapshot shows them: for `/data/a` and `/data/b` the folder `data` with two entries.
struct SourceTree: Sendable {
  /// An entry of a folder above the sources.
  enum Entry: Sendable {
    /// A folder that only leads to sources; `path` is its real one, nil if there is none (a label).
    case folder(SourceTree)
    /// A source: an entry of the real folder at `parent`.
    case source(parent: String, name: [UInt8])
    /// A source that is shown under another name: the folder itself.
    case labelled(path: String)
    /// A file or block device that is cut in blocks.
    case image(path: String)
    /// What comes from a descriptor.
    case stream
  }

  /// Its real path; nil for the root, and for a part of a label.
  var realPath: String?
  /// What is in it, by the names that the snapshot shows, in their order.
  var entries: [(name: [UInt8], entry: Entry)] = []

  /// Sorted as a tree is.
  mutating func sort() {
    entries.sort { compare($0.name, $1.name) < 0 }
    for index in entries.indices {
      if case .folder(var folder) = entries[index].entry {
        folder.sort()
        entries[index].entry = .folder(folder)
      }
    }
  }
}

extension SourceTree {
  /// The tree of one source under a label.
  init(label: [[UInt8]], entry: Entry) {
    guard let first = label.first else { return }
    let rest = Array(label.dropFirst())
    entries = [(first, rest.isEmpty ? entry : .folder(SourceTree(label: rest, entry: entry)))]
  }

  /// The tree of sources as restic makes it: absolute ones below all their folders, relative ones below the root.
  /// - Parameter excludes: for what is in a folder that is named as `.`, `/` or `..`: it is not named itself.
  /// - Throws: what can't be read, or two sources that would have the same place.
  init(paths: [String], excludes: PathPatterns) throws(BackupProblem) {
    for path in paths {
      let names = path.split(separator: "/").filter { $0 != "." && $0 != ".." }.map { Array($0.utf8) }
      guard let last = names.last else {
        // `.`, `/` or `..` stand for what is in them.
        let above = absoluteNames(path)
        for name in try Self.entries(of: path) where !excludes.matches(above + [name]) {
          try add([], parent: path, name: name)
        }
        continue
      }
      let clean = path.reversed().drop { $0 == "/" }.reversed()
      let text = String(clean)
      let parent = text.lastIndex(of: "/").map { $0 == text.startIndex ? "/" : String(text[..<$0]) } ?? "."
      try add(names.dropLast().map { $0 }, parent: parent, name: last)
    }
    sort()
  }

  private static func entries(of path: String) throws(BackupProblem) -> [[UInt8]] {
    do {
      return try DirectoryHandle(path: path).entries().map(\.name)
    } catch {
      throw BackupProblem(error)
    }
  }

  /// The path with so many names taken off its end.
  private static func ancestor(of path: String, _ steps: Int) -> String {
    var path = path[...]
    for _ in 0..<steps { path = path.lastIndex(of: "/").map { path[..<$0] } ?? path }
    return path.isEmpty ? "/" : String(path)
  }

  private mutating func add(_ folders: [[UInt8]], parent: String, name: [UInt8]) throws(BackupProblem) {
    guard let first = folders.first else {
      if let there = entries.first(where: { $0.name == name }) {
        if case .source(let other, _) = there.entry, other == parent { return }  // named twice
        guard case .folder = there.entry else {
          throw BackupProblem(
            path: name,
            message:
              "two of the sources would both be '\(printablePath(name))' in the snapshot: back them up one by one")
        }
        // The whole folder is asked for, so what was chosen in it is, too.
        entries.removeAll { $0.name == name }
      }
      entries.append((name, .source(parent: parent, name: name)))
      return
    }
    let index: Int
    if let found = entries.firstIndex(where: { $0.name == first }) {
      guard case .folder = entries[found].entry else { return }  // it is within another source
      index = found
    } else {
      entries.append((first, .folder(SourceTree(realPath: Self.ancestor(of: parent, folders.count - 1)))))
      index = entries.count - 1
    }
    guard case .folder(var folder) = entries[index].entry else { return }
    try folder.add(Array(folders.dropFirst()), parent: parent, name: name)
    entries[index].entry = .folder(folder)
  }
}

extension BackupProblem {
  init(_ error: FileError) { self.init(path: error.path, message: error.description) }
}

/// The names on the way of `absolutePath`.
func absoluteNames(_ path: String) -> [[UInt8]] { absolutePath(path).split(separator: "/").map { Array($0.utf8) } }

/// A path from the root on, without resolving links: what the snapshot calls it.
func absolutePath(_ path: String) -> String {
  var names: [Substring] = []
  if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
    names = String(cString: folder).split(separator: "/").map { Substring(String($0)) }
    free(folder)
  }
  for name in path.split(separator: "/") where name != "." {
    if name == ".." { _ = names.popLast() } else { names.append(name) }
  }
  return "/" + names.joined(separator: "/")
}
