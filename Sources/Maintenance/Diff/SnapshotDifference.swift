public import ResticFormat

/// What differs between two snapshots, counted as restic counts it.
public struct SnapshotDifference: Sendable, Equatable {
  /// One entry that differs.
  public struct Change: Sendable, Equatable {
    /// restic's marks: `+` and `-` for what one side does not have, `T` for another type, `M` for other content, `?` if
    /// nothing else differs then, `U` for other metadata.
    public let marks: String
    /// The path; a folder's ends with `/`.
    public let path: String
    /// What the first snapshot has.
    public let before: TreeNode?
    /// What the second has.
    public let after: TreeNode?
  }

  /// What one side has and the other has not.
  public struct Side: Sendable, Equatable {
    /// Files.
    public var files = 0
    /// Folders.
    public var folders = 0
    /// Links, devices and the like.
    public var others = 0
    /// Blobs of data that nothing of the other side needs.
    public var dataBlobs = 0
    /// Blobs of trees that nothing of the other side needs.
    public var treeBlobs = 0
    /// The bytes of these blobs before compression.
    public var bytes = 0

    mutating func count(_ node: TreeNode) {
      switch node.kind {
      case .file: files += 1
      case .dir: folders += 1
      default: others += 1
      }
    }
  }

  /// Files whose content differs.
  public var changedFiles = 0
  /// What only the second has.
  public var added = Side()
  /// What only the first has.
  public var removed = Side()
}
