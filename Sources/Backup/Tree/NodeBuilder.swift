internal import FileSystem
internal import ResticFormat

/// Makes nodes of what the file system knows.
struct NodeBuilder: Sendable {
  /// The users and groups of this machine.
  let names: UserNames
  /// Whether the time of last access is kept.
  let keepsAccessTime: Bool
  /// Whether file systems are numbered as the kernel does at the moment, as restic keeps them. A clone is mounted with
  /// another number each time, and all trees would be new: then only hard links have one, always the same.
  let keepsDeviceNumbers: Bool

  func node(_ name: [UInt8], _ metadata: FileMetadata) -> TreeNode {
    var node = TreeNode(name: name, kind: Self.kind(metadata.kind))
    node.mode = Self.goMode(metadata)
    node.modified = TreeNode.Time(metadata.modified)
    node.accessed = keepsAccessTime ? TreeNode.Time(metadata.accessed) : node.modified
    node.changed = TreeNode.Time(metadata.changed)
    node.uid = metadata.uid
    node.gid = metadata.gid
    node.user = names.user(metadata.uid)
    node.group = names.group(metadata.gid)
    node.inode = metadata.inode
    switch metadata.kind {
    case .regular, .symlink, .blockDevice, .characterDevice: node.links = metadata.links
    default: break
    }
    if keepsDeviceNumbers {
      node.deviceID = metadata.device
    } else if node.links > 1 {
      node.deviceID = 1
    }
    switch metadata.kind {
    case .blockDevice, .characterDevice: node.device = metadata.deviceNumber
    case .regular: node.size = UInt64(max(0, metadata.size))
    default: break
    }
    return node
  }

  private static func kind(_ kind: FileKind) -> TreeNode.Kind {
    switch kind {
    case .regular: .file
    case .directory: .dir
    case .symlink: .symlink
    case .blockDevice: .dev
    case .characterDevice: .chardev
    case .fifo: .fifo
    case .socket: .socket
    case .unknown: .irregular
    }
  }

  /// Go's FileMode (restic-format section 8).
  private static func goMode(_ metadata: FileMetadata) -> UInt32 {
    var mode = metadata.mode & 0o777
    switch metadata.kind {
    case .regular: break
    case .directory: mode |= 1 << 31
    case .symlink: mode |= 1 << 27
    case .blockDevice: mode |= 1 << 26
    case .characterDevice: mode |= 1 << 26 | 1 << 21
    case .fifo: mode |= 1 << 25
    case .socket: mode |= 1 << 24
    case .unknown: mode |= 1 << 19
    }
    if metadata.mode & 0o4000 != 0 { mode |= 1 << 23 }
    if metadata.mode & 0o2000 != 0 { mode |= 1 << 22 }
    if metadata.mode & 0o1000 != 0 { mode |= 1 << 20 }
    return mode
  }
}

extension TreeNode.Time {
  init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}

extension TreeNode {
  /// Takes over the attributes of a file.
  mutating func setAttributes(_ found: ExtendedAttributes) {
    extendedAttributes = found.attributes.map { .init(name: $0.name, value: $0.value) }
  }
}
