/// The entries of a directory from the plaintext of its tree blob, in the order of the blob.
///
/// Names are not judged: an entry's may be empty, `..`, or hold a `/` if someone hostile wrote it.
public func decodeTree(_ bytes: [UInt8]) throws(FormatError) -> [TreeNode] {
  try JSONReader.read(bytes, "tree") { reader throws(FormatError) in
    var nodes: [TreeNode] = []
    try reader.object { reader, key throws(FormatError) in
      guard "nodes" ~= key else { return try reader.skip() }
      nodes.removeAll()
      try reader.array { reader throws(FormatError) in nodes.append(try reader.node()) }
    }
    return nodes
  }
}

extension JSONReader {
  fileprivate mutating func node() throws(FormatError) -> TreeNode {
    var node = TreeNode(name: [], kind: .file)
    var kind: TreeNode.Kind?
    var rawTarget: [UInt8]?
    try object { reader, key throws(FormatError) in
      switch key {
      case "name": node.name = try reader.name()
      case "type": kind = try reader.kind()
      case "mode": node.mode = try reader.unsigned32()
      case "mtime": node.modified = try reader.treeTime()
      case "atime": node.accessed = try reader.treeTime()
      case "ctime": node.changed = try reader.treeTime()
      case "uid": node.uid = try reader.unsigned32()
      case "gid": node.gid = try reader.unsigned32()
      case "user": node.user = try reader.string()
      case "group": node.group = try reader.string()
      case "inode": node.inode = try reader.unsigned()
      case "device_id": node.deviceID = try reader.unsigned()
      case "size": node.size = try reader.unsigned()
      case "links": node.links = try reader.unsigned()
      case "linktarget": node.linkTarget = try reader.text()
      case "linktarget_raw": rawTarget = try reader.base64()
      case "extended_attributes": node.extendedAttributes = try reader.extendedAttributes()
      case "generic_attributes": node.genericAttributes = try reader.raw()
      case "device": node.device = try reader.unsigned()
      case "content": node.content = try reader.digests()
      case "subtree": node.subtree = try reader.digest()
      case "error": node.error = try reader.string()
      default: try reader.skip()
      }
    }
    guard let kind else { throw damaged("an entry has no type") }
    node.kind = kind
    if let rawTarget { node.linkTarget = rawTarget }
    return node
  }

  private mutating func name() throws(FormatError) -> [UInt8] {
    guard let name = unquotedName(try text()) else { throw damaged("an entry's name is not quoted as restic does") }
    return name
  }

  private mutating func kind() throws(FormatError) -> TreeNode.Kind {
    let word = try string()
    guard let kind = TreeNode.Kind(rawValue: word) else {
      throw FormatError(
        .unsupported, "the tree has an entry of the type '\(word)', which this version of holdfast does not know")
    }
    return kind
  }

  private mutating func treeTime() throws(FormatError) -> TreeNode.Time {
    let time = try time()
    return TreeNode.Time(
      seconds: time.seconds, nanoseconds: time.nanoseconds,
      offsetMinutes: Int16(truncatingIfNeeded: time.offsetSeconds / 60))
  }

  mutating func digests() throws(FormatError) -> [BlobID] {
    var digests: [BlobID] = []
    try array { reader throws(FormatError) in digests.append(try reader.digest()) }
    return digests
  }

  private mutating func extendedAttributes() throws(FormatError) -> [TreeNode.ExtendedAttribute] {
    var attributes: [TreeNode.ExtendedAttribute] = []
    try array { reader throws(FormatError) in
      var attribute = TreeNode.ExtendedAttribute(name: "", value: [])
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "name": attribute.name = try reader.string()
        case "value": attribute.value = try reader.base64()
        default: try reader.skip()
        }
      }
      attributes.append(attribute)
    }
    return attributes
  }
}
