internal import FileSystem
internal import Glibc

/// Opens a folder; it and those above it are made where they aren't there. Symbolic links are followed: people name it.
/// - Parameter path: an absolute path.
func makeFolders(_ path: [UInt8]) throws(FileError) -> DirectoryHandle {
  do throws(FileError) { return try DirectoryHandle(path: path) } catch {
    guard error.code == ENOENT else { throw error }
  }
  let (parent, name) = (try makeFolders(parentPath(path)), lastName(path))
  do throws(FileError) { try parent.makeDirectory(name) } catch {
    guard error.isThere else { throw error }
  }
  return try parent.openDirectory(name)
}
