internal import FileSystem
internal import ResticFormat

/// A piece of a backup's work that one worker does at a time.
enum Job: Sendable {
  /// A folder above the sources.
  case sourceFolder(DirectoryTask.Place?, SourceTree, node: TreeNode, known: TreeNode?, path: [[UInt8]])
  /// A source: an entry of a folder that is opened for it.
  case source(DirectoryTask.Place, parent: String, name: [UInt8], known: TreeNode?, path: [[UInt8]])
  /// A source that is a folder and has another name in the snapshot.
  case labelled(DirectoryTask.Place, path: String, name: [UInt8], known: TreeNode?, names: [[UInt8]])
  /// A file or block device that is cut in blocks.
  case image(DirectoryTask.Place, path: String, name: [UInt8], known: TreeNode?)
  /// What comes from a descriptor.
  case stream(DirectoryTask.Place, name: [UInt8])
  /// A folder in a folder.
  case directory(DirectoryTask.Place, entry: Int)
  /// Some entries of a folder that are not folders.
  case batch(DirectoryTask.Place, entries: Range<Int>)
  /// A stretch of a large file.
  case segment(FileTask, Int)
}
