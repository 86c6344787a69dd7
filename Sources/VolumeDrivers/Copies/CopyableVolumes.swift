internal import FileSystem

/// What drivers that copy can take as a volume at a path: what is there, and the image files right in it where `withImages`.
func copyableVolumes(
  _ path: [UInt8], kind: DriverCapabilities.Kind, withImages: Bool
) throws(FileError) -> [DiscoveredVolume] {
  // Inventories are text.
  guard let text = String(validating: path, as: UTF8.self) else { return [] }
  guard kind == .folder else {
    let status = try DirectoryHandle(path: parentPath(path)).metadata(of: lastName(path))
    return [DiscoveredVolume(path: text, kind: .image, bytes: status.size)]
  }
  let isMounted = try mountPoint(of: path) == path
  var found = [DiscoveredVolume(path: text, kind: .folder, note: isMounted ? "mounted" : nil)]
  guard withImages else { return found }
  let folder = try DirectoryHandle(path: path)
  for entry in try folder.entries() where entry.name.first != UInt8(ascii: ".") {
    guard entry.kindHint == .regular || entry.kindHint == .unknown,
      let status = try folder.metadataIfThere(of: entry.name), status.kind == .regular,
      let file = String(validating: joined(path, entry.name), as: UTF8.self), isImage(file, status.size)
    else { continue }
    found.append(DiscoveredVolume(path: file, kind: .image, bytes: status.size, note: "part of the folder, too"))
  }
  return found
}

private func isImage(_ path: String, _ bytes: Int) -> Bool {
  bytes >= 64 << 20 || [".img", ".raw", ".qcow2"].contains { path.hasSuffix($0) }
}
