internal import BlobIndex
internal import Cryptography
internal import FileSystem
internal import Glibc
internal import ResticFormat

extension Walker {
  /// What to do at the place of something that is to be restored.
  private enum Decision {
    case make(PlannedFile.Place)
    case leave
    case blocked
  }

  /// Plans a file or node of a folder.
  func plan(_ node: TreeNode, in folder: TargetFolder) throws {
    switch node.kind {
    case .dir: break
    case .file: try planFile(node, in: folder)
    case .symlink: try planNode(node, .symlink, in: folder)
    case .fifo: try planNode(node, .fifo, in: folder)
    case .dev: try planNode(node, .blockDevice, in: folder)
    case .chardev: try planNode(node, .characterDevice, in: folder)
    case .socket, .irregular:
      // A socket is nothing without the program that made it.
      let path = folder.path(of: node.name)
      problems.add(
        .unsupported, path, "\(printablePath(path)) is of a kind that can't be restored (\(node.kind.rawValue))",
        isLoss: node.kind != .socket)
    }
  }

  private func planFile(_ node: TreeNode, in folder: TargetFolder) throws {
    progress.expectedFiles.count()
    if let first = firstNames.first(of: node) { return try planLink(node, first, in: folder) }
    guard let (blobs, size) = locate(node, in: folder) else { return }
    progress.expectedBytes.count(size)
    switch try decide(node, size: size, in: folder) {
    case .leave:
      // Further names of it are found to be its own.
      if request.overwrite == .ifChanged { firstNames.add(node, in: folder) }
      progress.files.count()
      progress.bytes.count(size)
      progress.unchangedFiles.count()
      progress.unchangedBytes.count(size)
      request.onItem?(.init(path: folder.path(of: node.name), action: .unchanged, size: size))
    case .blocked: break
    case .make(let place):
      let first = firstNames.add(node, in: folder)
      if request.isDryRun {
        progress.files.count()
        progress.bytes.count(size)
        let action: RestoreRequest.Item.Action =
          switch place {
          case .free: .restored
          case .differing: .updated
          case .equal, .shared: .unchanged
          }
        request.onItem?(.init(path: folder.path(of: node.name), action: action, size: size))
      } else {
        batch.add(
          folder, node.name, NodeMetadata(node), place, blobs, size: size, first: first,
          skipsZeros: request.sparse && !request.verifies)
      }
    }
  }

  /// Where a file's blobs are, and their length together. Nil, and a problem, if one is missing.
  private func locate(
    _ node: TreeNode, in folder: TargetFolder
  ) -> (blobs: [(id: BlobID, place: BlobLocation)], size: Int)? {
    var blobs: [(id: BlobID, place: BlobLocation)] = []
    blobs.reserveCapacity(node.content.count)
    var size = 0
    for id in node.content {
      guard let place = index.location(of: id, .data) else {
        let path = folder.path(of: node.name)
        problems.add(
          .content, path,
          "cannot restore \(printablePath(path)): its blob \(id.hex) is missing from the index; 'holdfast repo check' tells what is damaged"
        )
        return nil
      }
      blobs.append((id, place))
      let (sum, isTooLong) = size.addingReportingOverflow(place.plaintextLength)
      guard !isTooLong else {
        let path = folder.path(of: node.name)
        problems.add(.content, path, "cannot restore \(printablePath(path)): it claims to be longer than a file can be")
        return nil
      }
      size = sum
    }
    return (blobs, size)
  }

  private func planLink(_ node: TreeNode, _ first: FirstName, in folder: TargetFolder) throws {
    if !request.isDryRun, try isLinked(node.name, folder, first) {
      return batch.add(PlannedLink(folder: folder, name: node.name, existing: first, wasLinked: true))
    }
    switch try decide(node, size: nil, in: folder) {
    case .leave, .blocked: progress.files.count()
    case .make:
      if request.isDryRun {
        progress.files.count()
        request.onItem?(.init(path: folder.path(of: node.name), action: .restored, size: 0))
      } else {
        batch.add(PlannedLink(folder: folder, name: node.name, existing: first, wasLinked: false))
      }
    }
  }

  /// Whether a name in the target is one of the file already that has the first name.
  private func isLinked(_ name: [UInt8], _ folder: TargetFolder, _ first: FirstName) throws -> Bool {
    do throws(FileError) {
      guard let found = try metadata(of: name, in: folder), let other = try metadata(of: first.name, in: first.folder)
      else { return false }
      return found.inode == other.inode && found.device == other.device
    } catch {
      // What really is in the way comes out when the link is made.
      return false
    }
  }

  private func planNode(_ node: TreeNode, _ kind: FileKind, in folder: TargetFolder) throws {
    if let first = firstNames.first(of: node) { return try planLink(node, first, in: folder) }
    switch try decide(node, size: nil, in: folder) {
    case .leave: progress.others.count()
    case .blocked: break
    case .make:
      firstNames.add(node, in: folder)
      if request.isDryRun {
        progress.others.count()
        request.onItem?(.init(path: folder.path(of: node.name), action: .restored, size: 0))
      } else {
        batch.add(
          PlannedNode(
            folder: folder, name: node.name, kind: kind, metadata: NodeMetadata(node), linkTarget: node.linkTarget,
            device: node.device))
      }
    }
  }

  /// Whether a file in the target has all of a node's metadata.
  private func matches(_ node: TreeNode, _ found: FileMetadata, in folder: TargetFolder) throws(FileError) -> Bool {
    let wanted = NodeMetadata(node)
    guard metadataWriter.matches(wanted, found) else { return false }
    let attributes = try folders.handle(folder).extendedAttributes(of: node.name).attributes
    return metadataWriter.matches(wanted, attributes)
  }

  /// Looks at what is at a place, and clears it if that is to be replaced.
  /// - Parameter size: of a regular file; nil for anything else, which is made anew rather than compared.
  private func decide(_ node: TreeNode, size: Int?, in folder: TargetFolder) throws -> Decision {
    do throws(FileError) {
      guard let found = try metadata(of: node.name, in: folder) else { return .make(.free) }
      let modified = FileTime(seconds: node.modified.seconds, nanoseconds: node.modified.nanoseconds)
      switch request.overwrite {
      case .never: return .leave
      case .ifNewer where found.kind != .directory && found.modified >= modified: return .leave
      case .always, .ifChanged, .ifNewer: break
      }
      if let size, found.kind == .regular {
        let looksEqual = found.size == size && found.modified == modified && found.links == 1
        if request.overwrite == .ifChanged, looksEqual, !request.verifies { return .make(.equal) }
        if found.links == 1 { return .make(.differing) }
        // Writing to a file with other names would change what these name, wherever they are.
        if found.size == size, try matches(node, found, in: folder) {
          return request.overwrite == .ifChanged && !request.verifies ? .leave : .make(.shared)
        }
      }
      guard !request.isDryRun else { return .make(.free) }
      let handle = try folders.handle(folder)
      if found.kind == .directory, !request.deletes || frames.last?.isElsewhere == true {
        try handle.removeEmptyDirectory(node.name)
      } else if try !clear(node.name, at: (frames.last?.path ?? []) + [node.name], in: handle).isGone {
        throw FileError(path: folder.path(of: node.name), operation: "replace the folder", code: ENOTEMPTY)
      }
      return .make(.free)
    } catch {
      try problems.add(error.isThere ? .obstacle : .writing, error)
      return .blocked
    }
  }
}
