internal import CFileShims
import Glibc

/// An extended attribute; POSIX ACLs and capabilities are among them.
public struct ExtendedAttribute: Sendable, Equatable {
  /// The whole name, such as `user.comment` or `system.posix_acl_access`.
  public var name: String
  /// Opaque.
  public var value: [UInt8]

  /// An attribute.
  public init(name: String, value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

/// What attributes a file has, in the system's order, and which of them could not be read.
public struct ExtendedAttributes: Sendable, Equatable {
  /// Those that could be read.
  public var attributes: [ExtendedAttribute] = []
  /// One error for each attribute that is listed but refused.
  public var unreadable: [FileError] = []

  /// None.
  public init() {}
}

extension DirectoryHandle {
  /// The attributes of a file in it; of the link itself if it is a symbolic link. One call if there are none.
  ///
  /// Needs `/proc`: Linux has no such call relative to an open directory.
  public func extendedAttributes(of name: [UInt8]) throws(FileError) -> ExtendedAttributes {
    try readAttributes(
      path: joined(path, name),
      list: { list, length in withCName(self.procPath(name)) { file_shim_llistxattr($0, list, length) } },
      value: { attribute, value, length in
        withCName(self.procPath(name)) { file_shim_lgetxattr($0, attribute, value, length) }
      })
  }

  /// The attributes of the directory itself.
  public func extendedAttributes() throws(FileError) -> ExtendedAttributes {
    try readAttributes(descriptor: descriptor, path: path)
  }

  /// A path to a name in it that depends on no other directory's name.
  func procPath(_ name: [UInt8]) -> [UInt8] {
    var path = Array("/proc/self/fd/".utf8)
    path.append(contentsOf: String(descriptor).utf8)
    path.append(UInt8(ascii: "/"))
    path.append(contentsOf: name)
    return path
  }
}

extension FileHandle {
  /// Its attributes. One call if there are none.
  public func extendedAttributes() throws(FileError) -> ExtendedAttributes {
    try readAttributes(descriptor: descriptor, path: path)
  }
}

func readAttributes(descriptor: Int32, path: [UInt8]) throws(FileError) -> ExtendedAttributes {
  try readAttributes(
    path: path, list: { list, length in uninterrupted { file_shim_flistxattr(descriptor, list, length) } },
    value: { name, value, length in uninterrupted { file_shim_fgetxattr(descriptor, name, value, length) } })
}

private func readAttributes(
  path: [UInt8], list: (UnsafeMutablePointer<CChar>?, Int) -> CallResult<Int>,
  value: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> CallResult<Int>
) throws(FileError) -> ExtendedAttributes {
  var names: [CChar] = []
  var code = listAttributes(capacity: 1024, list, into: &names)
  // 64 KiB is the kernel's own limit for the list, and for each value.
  if code == ERANGE { code = listAttributes(capacity: 64 << 10, list, into: &names) }
  if code == ENOTSUP { return ExtendedAttributes() }
  guard code == 0 else { throw FileError(path: path, operation: "list the attributes of", code: code) }

  var found = ExtendedAttributes()
  for name in names.split(separator: 0) {
    let cName = Array(name) + [0]
    let text = String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var code: Int32 = 0
    for capacity in [256, 64 << 10] {
      let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        let result = value(cName, buffer.baseAddress, capacity)
        (count, code) = (max(0, result.value), result.code)
      }
      if code == 0 {
        // Let go of a large buffer that holds little.
        found.attributes.append(ExtendedAttribute(name: text, value: capacity > 256 ? Array(bytes[...]) : bytes))
      }
      if code != ERANGE { break }
    }
    // ENODATA: it was removed a moment ago.
    if code != 0, code != ENODATA {
      found.unreadable.append(FileError(path: path, operation: "read the attribute \(text) of", code: code))
    }
  }
  return found
}

private func listAttributes(
  capacity: Int, _ list: (UnsafeMutablePointer<CChar>?, Int) -> CallResult<Int>, into names: inout [CChar]
) -> Int32 {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
    let result = list(buffer.baseAddress, capacity)
    if result.value > 0 { names = Array(buffer[..<result.value]) }
    return result.code
  }
}
