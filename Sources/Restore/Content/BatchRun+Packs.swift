internal import BlobIndex
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
  /// A blob that its pack doesn't give.
  private struct LostBlob {
    /// Positions of the pieces that need it, in the sorted ones.
    let pieces: Range<Int>
    let error: RepositoryError
  }

  /// Reads a stretch of a pack and writes what is in it to all files that need it.
  func writePart(_ number: Int, _ tools: WorkerTools) async throws {
    let part = parts[number]
    let first = batch.files[Int(pieces[part.pieces.lowerBound].file)]
    context.progress.setCurrent(tools.number) { printablePath(first.path) }
    let lost: [LostBlob]
    do {
      if let local = context.repository.store as? any LocalObjects {
        lost = try writeLocally(number, local, tools)
      } else {
        let bytes = try await context.repository.store.get(ObjectName(.pack, part.pack.hex), range: part.range)
        context.progress.bytesRead.count(bytes.count)
        lost = try bytes.withUnsafeBytes { try write(part, $0, tools) }
      }
    } catch let error as StoreError {
      lost = try blobs(of: part, lostBy: RepositoryError(error))
    }
    for blob in lost { try await writeFromElsewhere(blob) }
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

  private func writeLocally(_ number: Int, _ local: any LocalObjects, _ tools: WorkerTools) throws -> [LostBlob] {
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
        let damage = RepositoryError(.corrupt, "the pack \(name) is shorter than the index says")
        return try blobs(of: part, lostBy: damage)
      }
      let kind: RepositoryError.Kind = error.isVanished ? .notFound : .store(.failed)
      return try blobs(of: part, lostBy: RepositoryError(kind, error.description))
    }
    context.progress.bytesRead.count(part.range.count)
    return try write(part, UnsafeRawBufferPointer(buffer), tools)
  }

  /// Opens each blob of a stretch once. Returns those that are damaged.
  private func write(
    _ part: PackPart, _ bytes: UnsafeRawBufferPointer, _ tools: WorkerTools
  ) throws -> [LostBlob] {
    var lost: [LostBlob] = []
    for users in blobs(of: part) {
      let piece = pieces[users.lowerBound]
      let start = Int(piece.offset) - part.range.lowerBound
      let sealed = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(piece.length)])
      do {
        let plaintext = try tools.opener.open(
          sealed, id: piece.blob, uncompressedLength: piece.uncompressedLength, pack: part.pack)
        for user in users { try write(pieces[user], plaintext) }
      } catch let error as RepositoryError {
        lost.append(LostBlob(pieces: users, error: error))
      }
    }
    return lost
  }

  /// Cuts a stretch where another blob begins.
  private func blobs(of part: PackPart) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var position = part.pieces.lowerBound
    while position < part.pieces.upperBound {
      var next = position + 1
      while next < part.pieces.upperBound, pieces[next].offset == pieces[position].offset { next += 1 }
      found.append(position..<next)
      position = next
    }
    return found
  }

  /// The blobs of a stretch that can't be had; throws if nothing else can be had either.
  private func blobs(of part: PackPart, lostBy error: RepositoryError) throws(RepositoryError) -> [LostBlob] {
    guard error.isLocal else { throw error }
    return blobs(of: part).map { LostBlob(pieces: $0, error: error) }
  }

  /// Writes a blob that lies in another pack, too. If it doesn't, the files that need it can't be completed.
  private func writeFromElsewhere(_ lost: LostBlob) async throws {
    let piece = pieces[lost.pieces.lowerBound]
    let plaintext: [UInt8]
    do throws(RepositoryError) {
      guard context.reader.index.locations(of: piece.blob, .data).count > 1 else { throw lost.error }
      plaintext = try await context.reader.read(piece.blob, .data)
      // What the index said of the first place decided what comes where in the file.
      guard plaintext.count == piece.plaintextLength else { throw lost.error }
    } catch {
      guard error.isLocal else { throw error }
      for user in lost.pieces { report(Int(pieces[user].file), .content, lost.error.description) }
      return
    }
    context.progress.bytesRead.count(Int(piece.length))
    try plaintext.withUnsafeBytes { bytes in
      for user in lost.pieces { try write(pieces[user], bytes) }
    }
  }
}
