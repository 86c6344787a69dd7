internal import ResticFormat

/// Files with several names: where the first one was restored.
struct FirstNames {
  private struct Key: Hashable {
    let inode: UInt64
    let device: UInt64
  }

  private struct Known {
    let name: FirstName
    /// Stands for the content. Two files that claim one inode but differ are two files.
    let content: Int
  }

  private var names: [Key: Known] = [:]

  /// The first name of a node's file, if it is restored already.
  func first(of node: TreeNode) -> FirstName? {
    guard node.links > 1, node.inode != 0, let known = names[Key(inode: node.inode, device: node.deviceID)],
      known.content == digest(node)
    else { return nil }
    return known.name
  }

  /// Remembers where a file with several names is restored; nil if it has but one.
  @discardableResult
  mutating func add(_ node: TreeNode, in folder: TargetFolder) -> FirstName? {
    guard node.links > 1, node.inode != 0 else { return nil }
    let name = FirstName(folder: folder, name: node.name)
    names[Key(inode: node.inode, device: node.deviceID)] = Known(name: name, content: digest(node))
    return name
  }

  private func digest(_ node: TreeNode) -> Int {
    var hasher = Hasher()
    hasher.combine(node.kind)
    hasher.combine(node.content)
    hasher.combine(node.linkTarget)
    hasher.combine(node.device)
    return hasher.finalize()
  }
}
