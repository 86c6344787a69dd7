internal import FileSystem
internal import ResticFormat

/// What a node says of owner, permissions, times and attributes, as the system wants it.
struct NodeMetadata: Sendable {
  var permissions: UInt32
  var uid: UInt32
  var gid: UInt32
  var modified: FileTime
  var accessed: FileTime
  var attributes: [ExtendedAttribute]

  init(_ node: TreeNode) {
    permissions = node.mode & 0o777
    // Go's bits for setuid, setgid and sticky.
    if node.mode & 1 << 23 != 0 { permissions |= 0o4000 }
    if node.mode & 1 << 22 != 0 { permissions |= 0o2000 }
    if node.mode & 1 << 20 != 0 { permissions |= 0o1000 }
    uid = node.uid
    gid = node.gid
    modified = FileTime(seconds: node.modified.seconds, nanoseconds: node.modified.nanoseconds)
    accessed = FileTime(seconds: node.accessed.seconds, nanoseconds: node.accessed.nanoseconds)
    attributes = node.extendedAttributes.map { ExtendedAttribute(name: $0.name, value: $0.value) }
  }
}

/// Gives files their metadata back.
struct MetadataWriter: Sendable {
  let owners: RestoreRequest.Owners
  let isRoot: Bool
  let problems: ProblemList

  /// Sets all that differs: the owner first, which takes setuid and capabilities away; the times last, which everything
  /// else moves.
  /// - Parameter setsTimes: false leaves the times for later.
  func apply(
    _ metadata: NodeMetadata, to file: some OpenedFile, isLink: Bool = false, setsTimes: Bool = true
  ) throws(RestoreError) {
    let current: FileMetadata
    do throws(FileError) { current = try file.currentMetadata() } catch {
      try problems.add(.metadata, error)
      return
    }
    let hasOwner = try setOwner(metadata, file, current)
    let hasNewAccessList = try setAttributes(metadata, file)
    // A program that runs as its owner must not run as somebody else.
    let permissions = hasOwner ? metadata.permissions : metadata.permissions & ~0o6000
    let isOwnerNew = current.uid != metadata.uid || current.gid != metadata.gid
    if !isLink, isOwnerNew || hasNewAccessList || current.permissions != permissions {
      do throws(FileError) { try file.setPermissions(permissions) } catch { try problems.add(.metadata, error) }
    }
    guard setsTimes else { return }
    do throws(FileError) { try file.setTimes(accessed: metadata.accessed, modified: metadata.modified) } catch {
      try problems.add(.metadata, error)
    }
  }

  /// Sets all that differs of a folder that is done.
  func apply(_ metadata: NodeMetadata, to folder: TargetFolder, in folders: OpenFolders) throws(RestoreError) {
    let handle: DirectoryHandle
    do throws(FileError) { handle = try folders.handle(folder) } catch { return try problems.add(.metadata, error) }
    try apply(metadata, to: handle)
  }

  /// Whether a file has all metadata as it would get them.
  func matches(_ metadata: NodeMetadata, _ found: FileMetadata) -> Bool {
    let hasOwner = found.uid == metadata.uid && found.gid == metadata.gid
    if !hasOwner, owners == .always || (owners == .automatic && isRoot) { return false }
    let permissions = hasOwner ? metadata.permissions : metadata.permissions & ~0o6000
    return found.permissions == permissions && found.modified == metadata.modified
  }

  /// Whether attributes are those that a file would get.
  func matches(_ metadata: NodeMetadata, _ attributes: [ExtendedAttribute]) -> Bool {
    let found = Dictionary(attributes.filter { isOurs($0.name) }.map { ($0.name, $0.value) }) { first, _ in first }
    let wanted = Dictionary(metadata.attributes.filter { isOurs($0.name) }.map { ($0.name, $0.value) }) { _, last in
      last
    }
    return found == wanted
  }

  /// Returns whether the owner is as it should be.
  private func setOwner(
    _ metadata: NodeMetadata, _ file: some OpenedFile, _ current: FileMetadata
  ) throws(RestoreError) -> Bool {
    if current.uid == metadata.uid, current.gid == metadata.gid { return true }
    guard owners != .never else { return false }
    do throws(FileError) {
      try file.setOwner(uid: metadata.uid, gid: metadata.gid)
      return true
    } catch {
      let isExpected = owners == .automatic && !isRoot && error.isDenied
      try problems.add(.owner, error, isLoss: !isExpected)
      return false
    }
  }

  /// Returns whether attributes changed that may have changed the permissions.
  private func setAttributes(_ metadata: NodeMetadata, _ file: some OpenedFile) throws(RestoreError) -> Bool {
    var hasNewAccessList = false
    do throws(FileError) {
      for name in try file.attributeNames()
      where isOurs(name) && !metadata.attributes.contains(where: { $0.name == name }) {
        hasNewAccessList = hasNewAccessList || name.hasPrefix("system.")
        try file.removeAttribute(name)
      }
    } catch { try problems.add(.attribute, error) }
    for attribute in metadata.attributes {
      hasNewAccessList = hasNewAccessList || attribute.name.hasPrefix("system.")
      do throws(FileError) { try file.setAttribute(attribute) } catch {
        // Labels and capabilities are root's to give.
        let isRoots = attribute.name.hasPrefix("security.") || attribute.name.hasPrefix("trusted.")
        try problems.add(.attribute, error, isLoss: isRoot || !isRoots)
      }
    }
    return hasNewAccessList
  }

  /// Whether an attribute comes from people; others (labels of security modules) are the system's business.
  private func isOurs(_ name: String) -> Bool {
    name.hasPrefix("user.") || name.hasPrefix("trusted.") || name == "security.capability"
      || name == "system.posix_acl_access" || name == "system.posix_acl_default"
  }
}
