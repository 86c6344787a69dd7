internal import FileSystem
internal import Glibc
internal import ResticFormat
internal import Synchronization

extension BatchRun {
  /// A problem with one file, once; throws if every other would have it, too.
  func report(_ file: Int, _ error: FileError) throws(RestoreError) {
    let isFirst = fail(file)
    if let fatal = error.asFatal { throw fatal }
    if isFirst { try context.problems.add(error.isThere ? .obstacle : .writing, error) }
  }

  func report(_ file: Int, _ kind: RestoreProblem.Kind, _ why: String) {
    guard fail(file) else { return }
    let path = batch.files[file].path
    context.problems.add(kind, path, "cannot restore \(printablePath(path)): \(why)")
  }

  /// A file of which no piece has to be written.
  func makeDirectly(_ number: Int) throws {
    let planned = batch.files[number]
    do {
      let handle = try context.folders.handle(planned.folder)
      switch planned.place {
      case .free:
        let file = try handle.createFile(planned.name, permissions: planned.metadata.permissions)
        if planned.size > 0 { try file.setSize(planned.size) }
        try complete(number, file, action: .restored)
      case .equal:
        let place = try handle.openPath(planned.name)
        guard try place.currentMetadata().kind == .regular else {
          throw FileError(path: place.path, operation: "go on with", code: ESTALE)
        }
        context.progress.unchangedFiles.count()
        context.progress.unchangedBytes.count(planned.size)
        context.progress.bytes.count(planned.size)
        try complete(number, place, action: .unchanged)
      case .shared:
        // Its metadata were found to be right.
        context.progress.unchangedFiles.count()
        context.progress.files.count()
        context.request.onItem?(.init(path: planned.path, action: .unchanged, size: planned.size))
      case .differing:
        let file = try handle.openWritableAnyway(planned.name)
        let isEqual = try file.currentMetadata().size == planned.size
        if !isEqual { try file.setSize(planned.size) }
        if isEqual { context.progress.unchangedFiles.count() }
        try complete(number, file, action: isEqual ? .unchanged : .updated)
      }
    } catch let error as FileError {
      try report(number, error)
    }
  }

  /// All of a file is written: it gets its metadata, unless it is to be verified first.
  func complete(_ number: Int, _ file: some OpenedFile, action: RestoreRequest.Item.Action) throws {
    let planned = batch.files[number]
    if let file = file as? WritableFile {
      do throws(FileError) { try file.flushLateErrors() } catch { return try report(number, error) }
    }
    if !context.request.verifies { try applyMetadata(planned, file) }
    context.progress.files.count()
    if let onItem = context.request.onItem { onItem(.init(path: planned.path, action: action, size: planned.size)) }
  }

  /// Gives a complete file its metadata; its times only once it is on the disk, if the restore is to be durable.
  func applyMetadata(_ planned: PlannedFile, _ file: some OpenedFile) throws {
    // One that counted as equal has its time already.
    let pending = planned.place == .equal ? nil : context.pendingTimes
    try context.metadata.apply(planned.metadata, to: file, setsTimes: pending == nil)
    try pending?.add(planned)
  }

  /// Writes a piece of a file; the last one completes it.
  func write(_ piece: Piece, _ plaintext: UnsafeRawBufferPointer) throws {
    let number = Int(piece.file)
    do {
      if let target = targets[number] {
        try write(piece, plaintext, target)
      } else {
        let planned = batch.files[number]
        let file = try context.folders.handle(planned.folder)
          .createFile(planned.name, permissions: planned.metadata.permissions)
        if context.request.sparse, plaintext.count >= 4096 {
          try file.setSize(planned.size)
          try file.writeSkippingZeros(plaintext, at: 0)
        } else {
          try file.write(plaintext, at: 0)
        }
        context.progress.bytes.count(plaintext.count)
        try complete(number, file, action: .restored)
      }
    } catch let error as FileError {
      try report(number, error)
    }
  }

  private func write(_ piece: Piece, _ plaintext: UnsafeRawBufferPointer, _ target: OpenTarget) throws {
    guard !target.hasFailed else { return }
    let (file, readsZeros) = try target.open(context.folders, context.openFiles)
    if readsZeros {
      try file.writeSkippingZeros(plaintext, at: piece.fileOffset)
    } else if context.request.sparse, plaintext.count >= 4096, isZero(plaintext),
      try file.punchHole(piece.fileOffset..<piece.fileOffset + plaintext.count)
    {
      // What was there is gone.
    } else {
      try file.write(plaintext, at: piece.fileOffset)
    }
    context.progress.bytes.count(plaintext.count)
    if target.complete(1) {
      try complete(Int(piece.file), file, action: target.planned.place == .free ? .restored : .updated)
      target.close()
    }
  }

  func makeNode(_ node: PlannedNode) throws {
    do {
      let handle = try context.folders.handle(node.folder)
      if node.kind == .symlink {
        try handle.makeSymlink(node.name, to: node.linkTarget)
      } else {
        try handle.makeNode(node.name, kind: node.kind, device: node.device, permissions: node.metadata.permissions)
      }
      try context.metadata.apply(node.metadata, to: try handle.openPath(node.name), isLink: node.kind == .symlink)
      context.progress.others.count()
      context.request.onItem?(.init(path: node.path, action: .restored, size: 0))
    } catch let error as FileError {
      let isDevice = node.kind == .blockDevice || node.kind == .characterDevice
      try context.problems.add(isDevice && error.isDenied ? .device : error.isThere ? .obstacle : .writing, error)
    }
  }

  func makeLink(_ link: PlannedLink) throws {
    if link.existing.hasFailed.load(ordering: .relaxed) {
      let (path, first) = (link.path, link.existing.path)
      return context.problems.add(
        .content, path,
        "cannot restore \(printablePath(path)): it is another name of \(printablePath(first)), which could not be restored"
      )
    }
    do throws(FileError) {
      let existing = try context.folders.handle(link.existing.folder)
      let folder = try context.folders.handle(link.folder)
      var isUnchanged = false
      if link.wasLinked {
        let (old, wanted) = (try folder.metadata(of: link.name), try existing.metadata(of: link.existing.name))
        isUnchanged = old.inode == wanted.inode && old.device == wanted.device
        if !isUnchanged { try folder.removeFile(link.name) }
      }
      if isUnchanged {
        context.progress.unchangedFiles.count()
      } else {
        try folder.makeLink(link.name, to: link.existing.name, in: existing)
      }
      context.progress.files.count()
      context.request.onItem?(.init(path: link.path, action: isUnchanged ? .unchanged : .restored, size: 0))
    } catch {
      try context.problems.add(error.isThere ? .obstacle : .writing, error)
    }
  }
}
