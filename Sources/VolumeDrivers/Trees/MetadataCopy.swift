internal import FileSystem
internal import Glibc

/// Gives a copy the owner, attributes, permissions and times of what it was copied from.
///
/// Without root, owners stay ours and attributes that only root may set are left out.
struct MetadataCopy: Sendable {
  private let user = geteuid()
  private let group = getegid()
  /// Whether each file and folder says which one it is a copy of: see `SourceIdentity`.
  var notesSources = false

  /// - Parameters:
  ///   - wanted: of a file, as it was before its content was copied.
  ///   - isNew: whether `target` was made by us in a folder of ours, so that nothing about it is inherited.
  ///   - isLink: a symbolic link has no permissions.
  func apply(
    _ wanted: FileMetadata, _ attributes: ExtendedAttributes, to target: some OpenedFile, isNew: Bool,
    isLink: Bool = false
  ) throws(FileError) {
    if let error = attributes.unreadable.first(where: { _ in user == 0 }) { throw error }
    var hasOwner = true
    if !isNew || wanted.uid != user || wanted.gid != group { hasOwner = try setOwner(wanted, target) }
    if !isNew { try removeOthers(attributes.attributes, target) }
    if notesSources, wanted.kind == .regular || wanted.kind == .directory {
      // Before permissions forbid it. What can't say it is a copy as good as others; whoever compares it has to read it.
      try? target.setAttribute(SourceIdentity(of: wanted).attribute)
    }
    for attribute in attributes.attributes where isOurs(attribute.name) {
      do throws(FileError) { try target.setAttribute(attribute) } catch {
        guard isOptional(attribute.name, error) else { throw error }
      }
    }
    // A program that runs as its owner must not run as somebody else.
    let permissions = hasOwner ? wanted.permissions : wanted.permissions & ~0o6000
    if !isLink { try target.setPermissions(permissions) }
    try target.setTimes(accessed: wanted.accessed, modified: wanted.modified)
  }

  private func setOwner(_ wanted: FileMetadata, _ target: some OpenedFile) throws(FileError) -> Bool {
    do throws(FileError) {
      try target.setOwner(uid: wanted.uid, gid: wanted.gid)
      return true
    } catch {
      guard error.isDenied, user != 0 else { throw error }
      return wanted.uid == user && wanted.gid == group
    }
  }

  private func removeOthers(_ wanted: [ExtendedAttribute], _ target: some OpenedFile) throws(FileError) {
    for name in try target.attributeNames()
    where isOurs(name) && !name.hasPrefix("security.") && !wanted.contains(where: { $0.name == name }) {
      do throws(FileError) { try target.removeAttribute(name) } catch {
        guard isOptional(name, error) else { throw error }
      }
    }
  }

  /// Other attributes are another view of what the file system keeps itself, or say what the source is a copy of, which
  /// the target is not.
  private func isOurs(_ name: String) -> Bool {
    if name == SourceIdentity.attributeName { return false }
    return !name.hasPrefix("system.") || name == "system.posix_acl_access" || name == "system.posix_acl_default"
  }

  /// Whether it is nobody's loss that an attribute can't be set: labels of security modules and hints for file systems,
  /// where the target knows none; and what only root may set, where we aren't root.
  private func isOptional(_ name: String, _ error: FileError) -> Bool {
    if error.isFull { return false }
    if name.hasPrefix("security.") && name != "security.capability" || name.hasPrefix("btrfs.") { return true }
    return user != 0 && error.isDenied
  }
}
