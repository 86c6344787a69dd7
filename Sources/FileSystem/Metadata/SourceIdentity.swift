internal import CFileShims

/// Which file something is a copy of, and as of which change of that file.
///
/// A copy's own inode and time of change tell nothing of what was copied, and programs can set size and time of
/// modification. So a copy keeps these two of its source, in an extended attribute.
public struct SourceIdentity: Sendable, Equatable {
  /// The attribute's name. Its value are three decimal numbers with a space between them: the inode, and the time of
  /// change in seconds and nanoseconds.
  public static let attributeName = "user.holdfast.source"

  /// The source's number in its file system.
  public let inode: UInt64
  /// When the source was changed last: its `st_ctime`.
  public let changed: FileTime

  /// Of a source that is going to be copied: found out before the copy begins, so that a later change shows, whether the
  /// copy has it or not.
  public init(of source: FileMetadata) {
    inode = source.inode
    changed = source.changed
  }

  /// Reads an attribute's value; nil for what isn't written so.
  public init?(value: [UInt8]) {
    let numbers = String(decoding: value, as: UTF8.self).split(separator: " ")
    guard numbers.count == 3, let inode = UInt64(numbers[0]), let seconds = Int64(numbers[1]),
      let nanoseconds = UInt32(numbers[2])
    else { return nil }
    self.inode = inode
    changed = FileTime(seconds: seconds, nanoseconds: nanoseconds)
  }

  /// What says so of a copy.
  public var attribute: ExtendedAttribute {
    ExtendedAttribute(
      name: Self.attributeName, value: Array("\(inode) \(changed.seconds) \(changed.nanoseconds)".utf8))
  }
}

extension FileMetadata {
  /// These, with the inode and the time of change of the source.
  public func of(_ source: SourceIdentity) -> FileMetadata {
    var metadata = self
    metadata.inode = source.inode
    metadata.changed = source.changed
    return metadata
  }
}

extension ExtendedAttributes {
  /// Takes out what a copy says of its source, which isn't one of the source's own; nil if it says nothing.
  public mutating func takeSourceIdentity() -> SourceIdentity? {
    guard let index = attributes.firstIndex(where: { $0.name == SourceIdentity.attributeName }) else { return nil }
    return SourceIdentity(value: attributes.remove(at: index).value)
  }
}

extension DirectoryHandle {
  /// What a file in it says of its source; nil if it says nothing, or can't be asked. One call; needs `/proc`.
  public func sourceIdentity(of name: [UInt8]) -> SourceIdentity? {
    readSourceIdentity { value, length in
      withCName(procPath(name)) { file_shim_lgetxattr($0, SourceIdentity.attributeName, value, length) }
    }
  }
}

extension FileHandle {
  /// What it says of its source; nil if it says nothing, or can't be asked. One call.
  public func sourceIdentity() -> SourceIdentity? {
    readSourceIdentity { value, length in
      uninterrupted { file_shim_fgetxattr(descriptor, SourceIdentity.attributeName, value, length) }
    }
  }
}

private func readSourceIdentity(_ read: (UnsafeMutableRawPointer?, Int) -> CallResult<Int>) -> SourceIdentity? {
  // Three numbers of up to 20 digits; a longer value isn't ours.
  let value = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
    count = max(0, read(buffer.baseAddress, buffer.count).value)
  }
  return SourceIdentity(value: value)
}
