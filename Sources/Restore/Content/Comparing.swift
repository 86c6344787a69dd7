internal import Cryptography
internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Some pieces of one file, to be read and compared with the hashes that they should have.
private struct Stretch: Sendable {
  let file: Int
  let pieces: Range<Int>

  /// Cuts the pieces of files so that a large one keeps all workers busy.
  static func of(_ files: some Sequence<Int>, _ batch: Batch) -> [Stretch] {
    files.flatMap { number -> [Stretch] in
      let pieces = batch.files[number].pieces
      return stride(from: pieces.lowerBound, to: pieces.upperBound, by: 32).map {
        Stretch(file: number, pieces: $0..<min($0 + 32, pieces.upperBound))
      }
    }
  }
}

extension RestoreContext {
  /// Looks at files that are there: which of their pieces are as they should be, and which files can't be read. Files with
  /// other names that differ are removed, to be made anew.
  func compareWithTarget(_ batch: inout Batch) async throws -> (matching: Set<Int>, failed: Set<Int>) {
    var (matching, failed) = try await compare(batch)
    for (number, file) in batch.files.enumerated() where file.place == .shared && !failed.contains(number) {
      guard !file.pieces.allSatisfy({ matching.contains($0) }) else { continue }
      matching.subtract(file.pieces)
      do throws(FileError) {
        try folders.handle(file.folder).removeFile(file.name)
        batch.files[number].place = .free
      } catch {
        try problems.add(.writing, error)
        failed.insert(number)
      }
    }
    let bytes = matching.reduce(0) { $0 + batch.pieces[$1].plaintextLength }
    progress.unchangedBytes.count(bytes)
    progress.bytes.count(bytes)
    return (matching, failed)
  }

  private func compare(_ batch: Batch) async throws -> (matching: Set<Int>, failed: Set<Int>) {
    let present = batch.files.indices.filter { batch.files[$0].place == .differing || batch.files[$0].place == .shared }
    let stretches = Stretch.of(present, batch)
    let found = Mutex((matching: Set<Int>(), failed: Set<Int>()))
    try await inParallel(stretches.count) { number, tools in
      let stretch = stretches[number]
      do throws(FileError) {
        let matching = try self.matching(stretch, batch, tools)
        found.withLock { $0.matching.formUnion(matching) }
      } catch {
        if found.withLock({ $0.failed.insert(stretch.file).inserted }) { try self.problems.add(.writing, error) }
      }
    }
    return found.withLock { $0 }
  }

  private func matching(_ stretch: Stretch, _ batch: Batch, _ tools: WorkerTools) throws(FileError) -> [Int] {
    let planned = batch.files[stretch.file]
    let file: FileHandle
    do throws(FileError) {
      file = try folders.handle(planned.folder).openFile(planned.name)
    } catch {
      // Not readable, but it may be writable: then all of it is written.
      if error.isDenied { return [] }
      throw error
    }
    var matching: [Int] = []
    for number in stretch.pieces {
      let piece = batch.pieces[number]
      let buffer = tools.buffer.reserve(piece.plaintextLength)
      guard try file.read(at: piece.fileOffset, into: buffer) == buffer.count else { break }
      if tools.hash.digest(of: UnsafeRawBufferPointer(buffer)) == piece.blob { matching.append(number) }
    }
    return matching
  }
}

extension BatchRun {
  /// Reads all files back, and gives those that are right their metadata.
  func verify() async throws {
    let stretches = Stretch.of(batch.files.indices.filter { !hasFailed($0) }, batch)
    try await context.inParallel(stretches.count) { number, tools in
      let stretch = stretches[number]
      do throws(FileError) {
        try self.verify(stretch, tools)
      } catch {
        try self.report(stretch.file, error)
      }
    }
    let bundles = (batch.files.count + Self.bundle - 1) / Self.bundle
    try await context.inParallel(bundles) { bundle, _ in
      for number in bundle * Self.bundle..<min((bundle + 1) * Self.bundle, self.batch.files.count)
      where !self.hasFailed(number) && self.batch.files[number].place != .shared {
        let planned = self.batch.files[number]
        do {
          let place = try self.context.folders.handle(planned.folder).openPath(planned.name)
          try self.applyMetadata(planned, place)
        } catch let error as FileError {
          try self.report(number, error)
        }
      }
    }
  }

  private func verify(_ stretch: Stretch, _ tools: WorkerTools) throws(FileError) {
    let planned = batch.files[stretch.file]
    let file = try context.folders.handle(planned.folder).openFile(planned.name)
    for number in stretch.pieces {
      let piece = batch.pieces[number]
      let buffer = tools.buffer.reserve(piece.plaintextLength)
      guard try file.read(at: piece.fileOffset, into: buffer) == buffer.count,
        tools.hash.digest(of: UnsafeRawBufferPointer(buffer)) == piece.blob
      else {
        return report(
          stretch.file, .verification,
          "at byte \(piece.fileOffset) it does not read back as it was written; the disk, the memory or another program is at fault"
        )
      }
      context.progress.verifiedBytes.count(buffer.count)
    }
  }
}
