public import FileSystem

/// A file that says of its folder that nothing else in it is worth keeping.
public struct ExcludeMarker: Sendable, Equatable {
  /// The raw bytes of its name.
  public let name: [UInt8]
  /// What it has to begin with; empty for whatever it holds.
  public let header: [UInt8]

  /// What programs put into folders that they can fill again (bford.info/cachedir).
  public static let cacheFolder = ExcludeMarker(
    name: Array("CACHEDIR.TAG".utf8), header: Array("Signature: 8a477f597d28d172789f06886806bc55".utf8))

  /// A marker of a name, with a header.
  public init(name: [UInt8], header: [UInt8] = []) {
    self.name = name
    self.header = header
  }

  /// Whether a folder has it. One that can't be read is none: too much is kept rather than too little.
  func isIn(_ folder: DirectoryHandle, _ entries: DirectoryListing) -> Bool {
    guard entries.contains(where: { $0.name == name }) else { return false }
    guard !header.isEmpty else { return true }
    // A link is not followed, as the convention has it.
    guard let file = try? folder.openFile(name), (try? file.metadata().kind) == .regular else { return false }
    let found = [UInt8](unsafeUninitializedCapacity: header.count) { buffer, count in
      count = (try? file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
    return found == header
  }
}

extension [ExcludeMarker] {
  /// What is to be kept of a folder's entries: all, or the markers that it has.
  public func kept(of entries: DirectoryListing, in folder: DirectoryHandle) -> DirectoryListing {
    guard !isEmpty else { return entries }
    let found = filter { $0.isIn(folder, entries) }.map(\.name)
    return found.isEmpty ? entries : entries.keeping { found.contains($0) }
  }
}
