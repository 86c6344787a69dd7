internal import Glibc

extension DirectoryStore {
  func listPacks() async throws(StoreError) -> [ObjectListing] {
    let folders = try await packFolders()
    // Each file costs a call, over NFS a round trip: share the folders out.
    let share = max(1, (folders.count + concurrency - 1) / concurrency)
    let shares = stride(from: 0, to: folders.count, by: share).map {
      folders[$0..<min($0 + share, folders.count)]
    }
    typealias Part = Result<[ObjectListing], StoreError>
    let parts = await withTaskGroup(of: Part.self) { group in
      for folders in shares {
        group.addTask {
          do throws(StoreError) {
            return .success(
              try await self.blocking { () throws(StoreError) in
                var found: [ObjectListing] = []
                for folder in folders {
                  // A pack in the wrong folder cannot be read under its name.
                  let prefix = folder.suffix(2)
                  found += try self.entries(.pack, in: folder).filter { $0.name.hasPrefix(prefix) }
                }
                return found
              })
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: [Part]()) { $0.append($1) }
    }
    var all: [ObjectListing] = []
    for part in parts { all += try part.get() }
    return all
  }

  func packFolders() async throws(StoreError) -> [String] {
    try await blocking { () throws(StoreError) in
      let data = self.root + "/data"
      do throws(Errno) {
        return try names(in: data).filter { name in
          name.utf8.count == 2 && name.utf8.allSatisfy { Self.digits.contains($0) }
        }.map { data + "/" + $0 }
      } catch {
        try self.tolerate(error, data)
        return []
      }
    }
  }

  private static let digits = Set("0123456789abcdef".utf8)

  func entries(_ kind: ObjectKind, in folder: String) throws(StoreError) -> [ObjectListing] {
    do throws(Errno) {
      var found: [ObjectListing] = []
      for name in try names(in: folder) where ObjectName(kind, name).isValid {
        guard let file = try regularFile(folder + "/" + name) else { continue }
        found.append(ObjectListing(name: name, size: file.size))
      }
      return found
    } catch {
      try tolerate(error, folder)
      return []
    }
  }

  /// A folder that isn't there is an empty one, unless the whole repository isn't there.
  func tolerate(_ error: Errno, _ folder: String) throws(StoreError) {
    guard error.code == ENOENT else { throw error.error(location, "cannot list \(folder)") }
    guard access(root, F_OK) == 0 else {
      throw Errno(ENOENT).error(location, "there is no repository")
    }
  }
}
