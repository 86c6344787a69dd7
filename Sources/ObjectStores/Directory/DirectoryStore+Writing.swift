internal import Cryptography
internal import Glibc

extension DirectoryStore {
  func write(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) throws(Errno) {
    let target = path(of: name)
    let folder = folder(of: name)
    let mode = fileMode(creating: name)
    let temporary = target + temporaryMark + randomHex()
    let file = try openNew(temporary, in: folder)
    do throws(Errno) {
      try file.reserve(contents.count)
      var failure: Errno?
      contents.withUnsafeBytes { bytes in
        do throws(Errno) { try file.write(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
      if fchmod(file.descriptor, mode) != 0, ![EPERM, ENOTSUP].contains(errno) {
        throw Errno(errno)
      }
      try file.synchronize()
    } catch {
      unlink(temporary)
      throw error
    }
    do throws(Errno) {
      try file.close()
      if overwrite {
        _ = try retrying { rename(temporary, target) }
      } else {
        try linkNew(temporary, target)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(folder)
  }

  func openNew(_ path: String, in folder: String) throws(Errno) -> OpenFile {
    do {
      return try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    } catch  where error.code == ENOENT {
      guard folder != root else { throw error }
      try makeMissing(folder)
      return try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
    }
  }

  /// Makes a folder below the root. Not the root: if that is gone, a disk is probably not mounted.
  func makeMissing(_ folder: String) throws(Errno) {
    guard access(folder, F_OK) != 0 else { return }
    var made = root
    for part in folder.dropFirst(root.utf8.count + 1).split(separator: "/") {
      made += "/" + part
      try makeFolder(made, synced: true)
    }
  }

  /// Gives the file its name unless that is taken.
  private func linkNew(_ temporary: String, _ target: String) throws(Errno) {
    do {
      _ = try retrying { link(temporary, target) }
    } catch {
      // Over NFS a repeated call may meet the name that the first one made: then the file has two names.
      var information = stat()
      let isOurs = lstat(temporary, &information) == 0 && information.st_nlink == 2
      if error.code == EEXIST, !isOurs { throw error }
      if error.code != EEXIST {
        guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(error.code) else { throw error }
        // No hard links here: the best that is left has a gap between looking and renaming.
        guard access(target, F_OK) != 0 else { throw Errno(EEXIST) }
        _ = try retrying { rename(temporary, target) }
        return
      }
    }
    unlink(temporary)
  }

  func makeRoot() throws(Errno) {
    var missing: [String] = []
    var path = root
    while access(path, F_OK) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"),
      slash != path.startIndex
    {
      missing.append(path)
      path = String(path[..<slash])
    }
    for path in missing.reversed() { try makeFolder(path, synced: true) }
  }

  func makeFolder(_ path: String, synced: Bool) throws(Errno) {
    do {
      _ = try retrying { mkdir(path, folderMode()) }
      if synced {
        try synchronizeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/")
      }
    } catch  where error.code == EEXIST {
      return
    }
  }

  /// restic's rule: who may read the config may read all.
  private func groupMayRead() -> Bool {
    var information = stat()
    return stat(root + "/config", &information) == 0 && information.st_mode & 0o040 != 0
  }

  private func folderMode() -> mode_t { groupMayRead() ? 0o750 : 0o700 }

  func fileMode(creating name: ObjectName) -> mode_t {
    switch name.kind {
    case .journal, .point: 0o600  // written again and again
    case .config, .key, .lock, .snapshot, .index, .pack: groupMayRead() ? 0o440 : 0o400
    }
  }

  func randomHex() -> String {
    randomBytes(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
