internal import Cryptography
internal import FileSystem
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

extension RestoreContext {
  var isLocal: Bool { repository.store is any LocalObjects }
  /// Stretches that are read at once.
  var readers: Int { isLocal ? workers : max(workers, min(repository.store.concurrency, 8)) }
}

extension BatchRun {
  /// Reads a stretch of a pack and writes what is in it to all files that need it.
  func writePart(_ number: Int, _ tools: WorkerTools) async throws {
    let part = parts[number]
    let first = batch.files[Int(pieces[part.pieces.lowerBound].file)]
    context.progress.setCurrent(tools.number) { printablePath(first.path) }
    do {
      if let local = context.repository.store as? any LocalObjects {
        try writeLocally(number, local, tools)
      } else {
        let bytes = try await context.repository.store.get(ObjectName(.pack, part.pack.hex), range: part.range)
        context.progress.bytesRead.count(bytes.count)
        try bytes.withUnsafeBytes { try write(part, $0, tools) }
      }
    } catch let error as StoreError {
      try fail(part, RepositoryError(error))
    }
  }

  /// Lets the kernel begin to read what comes soon.
  private func readAhead(after number: Int, _ local: any LocalObjects) {
    let next = number + 2 * context.workers
    guard next < parts.count else { return }
    // What is wrong with it comes out when it is its turn.
    guard let file = try? FileHandle(path: local.path(of: ObjectName(.pack, parts[next].pack.hex)), noAtime: false)
    else { return }
    file.willNeed(parts[next].range)
  }

  private func writeLocally(_ number: Int, _ local: any LocalObjects, _ tools: WorkerTools) throws {
    readAhead(after: number, local)
    let part = parts[number]
    let name = ObjectName(.pack, part.pack.hex)
    let buffer: UnsafeMutableRawBufferPointer
    do throws(FileError) {
      let file = try FileHandle(path: local.path(of: name))
      guard part.range.upperBound <= (try file.metadata().size) else {
        throw FileError(path: file.path, operation: "read all of", code: 0)
      }
      buffer = tools.buffer.reserve(part.range.count)
      _ = try file.read(at: part.range.lowerBound, into: buffer)
    } catch {
      if error.code == 0 {
        return try fail(part, RepositoryError(.corrupt, "the pack \(name) is shorter than the index says"))
      }
      return try fail(part, RepositoryError(error.isVanished ? .notFound : .store(.failed), error.description))
    }
    context.progress.bytesRead.count(part.range.count)
    try write(part, UnsafeRawBufferPointer(buffer), tools)
  }

  /// Opens each blob of a stretch once.
  private func write(_ part: PackPart, _ bytes: UnsafeRawBufferPointer, _ tools: WorkerTools) throws {
    var position = part.pieces.lowerBound
    while position < part.pieces.upperBound {
      let piece = pieces[position]
      var next = position + 1
      while next < part.pieces.upperBound, pieces[next].offset == piece.offset { next += 1 }
      let start = Int(piece.offset) - part.range.lowerBound
      let sealed = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(piece.length)])
      do {
        let plaintext = try tools.opener.open(
          sealed, id: piece.blob, uncompressedLength: piece.uncompressedLength, pack: part.pack)
        for user in position..<next { try write(pieces[user], plaintext) }
      } catch let error as RepositoryError {
        for user in position..<next { report(Int(pieces[user].file), .content, error.description) }
      }
      position = next
    }
  }

  /// A stretch can't be had: its files can't be completed.
  private func fail(_ part: PackPart, _ error: RepositoryError) throws {
    guard error.isLocal else { throw error }
    for piece in pieces[part.pieces] { report(Int(piece.file), .content, error.description) }
  }
}
