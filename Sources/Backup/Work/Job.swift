internal import FileSystem
internal import ResticFormat

/// A piece of a backup's work that one worker does at a time. Many may wait, so the rare large ones are kept elsewhere.
enum Job: Sendable {
  /// A folder above the sources.
  indirect case sourceFolder(DirectoryTask.Place?, SourceTree, node: TreeNode, known: TreeNode?, path: [[UInt8]])
  /// A source: an entry of a folder that is opened for it.
  indirect case source(DirectoryTask.Place, parent: String, name: [UInt8], known: TreeNode?, path: [[UInt8]])
  /// A source that is a folder and has another name in the snapshot.
  indirect case labelled(DirectoryTask.Place, path: String, name: [UInt8], known: TreeNode?, names: [[UInt8]])
  /// A file or block device that is cut in blocks.
  indirect case image(DirectoryTask.Place, path: String, name: [UInt8], known: TreeNode?)
  /// What comes from a descriptor.
  case stream(DirectoryTask.Place, name: [UInt8])
  /// A folder in a folder.
  case directory(DirectoryTask.Place, entry: Int)
  /// Some entries of a folder that are not folders.
  case batch(DirectoryTask.Place, entries: Range<Int>)
  /// Segments of a large file.
  case segments(FileTask, Range<Int>)

  /// Takes the first part off; nil if there is only one. So a file of any length waits as one job, and all workers can
  /// read it.
  mutating func split() -> Job? {
    guard case .segments(let file, let range) = self, range.count > 1 else { return nil }
    let second = range.lowerBound + 1
    self = .segments(file, second..<range.upperBound)
    return .segments(file, range.lowerBound..<second)
  }
}
