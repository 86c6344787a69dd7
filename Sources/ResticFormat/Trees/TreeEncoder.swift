/// Writes directory listings byte for byte as restic does, so that both tools' equal directories are one blob.
public enum TreeEncoder {
  /// The plaintext of a tree blob. The nodes must be sorted by the bytes of their names.
  public static func encode(_ nodes: [TreeNode]) -> [UInt8] {
    var tree: [UInt8] = []
    tree.put("{\"nodes\":[")
    for (index, node) in nodes.enumerated() {
      if index > 0 { tree.append(UInt8(ascii: ",")) }
      append(node, to: &tree)
    }
    tree.put("]}\n")
    return tree
  }

  /// Adds one node's JSON. A tree is these joined by `,` between `{"nodes":[` and `]}` with a line end.
  public static func append(_ node: TreeNode, to tree: inout [UInt8]) {
    tree.put("{\"name\":\"")
    node.name.withUnsafeBufferPointer { tree.appendQuotedName($0) }
    tree.put("\",\"type\":\"")
    tree.put(node.kind.text)
    tree.put("\"")
    if node.mode != 0 { tree.putMember(",\"mode\":", UInt64(node.mode)) }
    appendTimes(node, to: &tree)
    tree.putMember(",\"uid\":", UInt64(node.uid))
    tree.putMember(",\"gid\":", UInt64(node.gid))
    if !node.user.isEmpty { tree.putMember(",\"user\":", node.user) }
    if !node.group.isEmpty { tree.putMember(",\"group\":", node.group) }
    if node.inode != 0 { tree.putMember(",\"inode\":", node.inode) }
    if node.deviceID != 0 { tree.putMember(",\"device_id\":", node.deviceID) }
    if node.size != 0 { tree.putMember(",\"size\":", node.size) }
    if node.links != 0 { tree.putMember(",\"links\":", node.links) }
    if !node.linkTarget.isEmpty { appendLinkTarget(node.linkTarget, to: &tree) }
    if !node.extendedAttributes.isEmpty { appendAttributes(node.extendedAttributes, to: &tree) }
    if !node.genericAttributes.isEmpty {
      tree.put(",\"generic_attributes\":")
      tree += node.genericAttributes
    }
    if node.device != 0 { tree.putMember(",\"device\":", node.device) }
    tree.put(",\"content\":")
    if node.kind == .file { appendContent(node.content, to: &tree) } else { tree.put("null") }
    if let subtree = node.subtree {
      tree.put(",\"subtree\":")
      tree.putDigest(subtree)
    }
    if !node.error.isEmpty { tree.putMember(",\"error\":", node.error) }
    tree.put("}")
  }

  private static func appendTimes(_ node: TreeNode, to tree: inout [UInt8]) {
    func append(_ time: TreeNode.Time) {
      tree.appendRFC3339(
        RFC3339Time(
          seconds: time.seconds, nanoseconds: time.nanoseconds, offsetSeconds: Int(time.offsetMinutes) * 60))
    }
    tree.put(",\"mtime\":\"")
    append(node.modified)
    tree.put("\",\"atime\":\"")
    append(node.accessed)
    tree.put("\",\"ctime\":\"")
    append(node.changed)
    tree.put("\"")
  }

  private static func appendLinkTarget(_ target: [UInt8], to tree: inout [UInt8]) {
    tree.put(",\"linktarget\":")
    let isText = target.withUnsafeBufferPointer { target in
      tree.putString(target)
      var index = 0
      while index < target.count {
        guard let (_, length) = rune(target, index) else { return false }
        index += length
      }
      return true
    }
    guard !isText else { return }
    tree.put(",\"linktarget_raw\":")
    tree.putBase64(target)
  }

  private static func appendAttributes(_ attributes: [TreeNode.ExtendedAttribute], to tree: inout [UInt8]) {
    tree.put(",\"extended_attributes\":[")
    for (index, attribute) in attributes.enumerated() {
      if index > 0 { tree.append(UInt8(ascii: ",")) }
      tree.putMember("{\"name\":", attribute.name)
      tree.put(",\"value\":")
      tree.putBase64(attribute.value)
      tree.put("}")
    }
    tree.put("]")
  }

  private static func appendContent(_ content: [BlobID], to tree: inout [UInt8]) {
    tree.put("[")
    for (index, id) in content.enumerated() {
      if index > 0 { tree.append(UInt8(ascii: ",")) }
      tree.putDigest(id)
    }
    tree.put("]")
  }
}

extension [UInt8] {
  /// A member whose value is a number.
  mutating func putMember(_ name: StaticString, _ value: UInt64) {
    put(name)
    putNumber(value)
  }

  /// A member whose value is a string.
  mutating func putMember(_ name: StaticString, _ value: String) {
    put(name)
    putString(value)
  }
}

extension TreeNode.Kind {
  fileprivate var text: StaticString {
    switch self {
    case .file: "file"
    case .dir: "dir"
    case .symlink: "symlink"
    case .dev: "dev"
    case .chardev: "chardev"
    case .fifo: "fifo"
    case .socket: "socket"
    case .irregular: "irregular"
    }
  }
}
