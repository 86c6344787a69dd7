import Glibc

extension MountedFilesystem {
  /// The devices of this filesystem and of all that it lies on: a loop device's file, an overlay's folders. Writing to
  /// this one stops as soon as one of them is frozen.
  func devices() -> Set<String> {
    var found: Set<String> = []
    collect(into: &found, depth: 8)
    return found
  }

  private func collect(into found: inout Set<String>, depth: Int) {
    guard depth > 0, found.insert(device).inserted else { return }
    var info = stat()
    if source.hasPrefix("/"), stat(source, &info) == 0, info.st_mode & S_IFMT == S_IFBLK {
      let (major, minor) = (info.st_rdev >> 8 & 0xfff, info.st_rdev & 0xff | info.st_rdev >> 12 & 0xfff00)
      Self.collectBlock("\(major):\(minor)", into: &found, depth: depth - 1)
    }
    guard type == "overlay" else { return }
    for option in options.split(separator: ",") {
      guard let key = ["upperdir=", "workdir=", "lowerdir="].first(where: option.hasPrefix) else { continue }
      for path in option.dropFirst(key.count).split(separator: ":") where path.hasPrefix("/") {
        MountedFilesystem(ofPath: String(path))?.collect(into: &found, depth: depth - 1)
      }
    }
  }

  /// What a block device lies on: a file (loop), other devices (device mapper, RAID), the disk of a partition.
  private static func collectBlock(_ device: String, into found: inout Set<String>, depth: Int) {
    guard depth > 0 else { return }
    let folder = "/sys/dev/block/\(device)"
    if let file = smallFile("\(folder)/loop/backing_file")?.split(separator: "\n").first {
      MountedFilesystem(ofPath: String(file))?.collect(into: &found, depth: depth - 1)
    }
    if smallFile("\(folder)/partition") != nil, let disk = firstLine("\(folder)/../dev") {
      collectBlock(disk, into: &found, depth: depth - 1)
    }
    for name in entries(of: "\(folder)/slaves") {
      if let part = firstLine("\(folder)/slaves/\(name)/dev") { collectBlock(part, into: &found, depth: depth - 1) }
    }
  }

  private static func firstLine(_ path: String) -> String? {
    smallFile(path)?.split(separator: "\n").first.map(String.init)
  }
}

/// The names in a folder, without `.` and `..`; none if it can't be read.
func entries(of path: String) -> [String] {
  guard let stream = opendir(path) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let size = MemoryLayout.size(ofValue: entry.pointee.d_name)
    let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
      name.withMemoryRebound(to: CChar.self, capacity: size) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
