internal import FileSystem
internal import Glibc

/// Removes a folder with everything in it. No symbolic link is followed, and nothing that is mounted below is entered. What is
/// gone already is fine.
/// - Parameter path: an absolute path.
/// - Throws: `DriverError` if something of it can't be removed.
public func removeFolder(_ path: String) async throws(DriverError) {
  let parts = path.split(separator: "/")
  guard path.hasPrefix("/"), let name = parts.last, name != ".", name != ".." else {
    throw DriverError(.permanent, "\"\(printable(path))\" is no folder that can be removed.")
  }
  let parent = "/" + parts.dropLast().joined(separator: "/")
  try await blocking { interruption throws(DriverError) in
    try explaining("the folder \"\(printable(path))\" was not removed") { () throws(FileError) in
      let folder: DirectoryHandle
      do throws(FileError) {
        folder = try DirectoryHandle(path: Array(parent.utf8))
      } catch {
        if error.code == ENOENT { return }
        throw error
      }
      try TreeRemoval(interruption: interruption).remove(Array(name.utf8), in: folder)
    }
  }
}
