internal import Concurrency
internal import FileSystem
internal import ResticFormat
internal import Synchronization

/// Carries out one batch.
final class BatchRun: Sendable {
  /// Small pieces of work are handed out in bundles.
  static let bundle = 64

  let context: RestoreContext
  let batch: Batch
  /// The pieces that have to be written, sorted by pack.
  let pieces: [Piece]
  let parts: [PackPart]
  /// Files in more than one go, by their numbers.
  let targets: [OpenTarget?]
  /// Files without any piece to write.
  let direct: [Int]
  private let failed: Mutex<Set<Int>>

  /// Plans the writing.
  /// - Parameter matching: positions of pieces that the target has already.
  init(_ batch: Batch, _ context: RestoreContext, matching: Set<Int>, failed: Set<Int>) {
    self.context = context
    var pieces = batch.pieces
    var targets = [OpenTarget?](repeating: nil, count: batch.files.count)
    var direct: [Int] = []
    if !matching.isEmpty || !failed.isEmpty {
      pieces = batch.pieces.indices.filter { !matching.contains($0) && !failed.contains(Int(batch.pieces[$0].file)) }
        .map { batch.pieces[$0] }
    }
    for (number, file) in batch.files.enumerated() where !failed.contains(number) {
      let remaining = matching.isEmpty ? file.pieces.count : file.pieces.count { !matching.contains($0) }
      if remaining == 0 {
        direct.append(number)
      } else if remaining > 1 || file.place != .free || file.pieces.count != remaining || file.size > Self.singleLimit {
        targets[number] = OpenTarget(file, sparse: context.request.sparse, remaining: remaining)
      } else if let piece = file.pieces.first, batch.pieces[piece].plaintextLength != file.size {
        // The rest are zeros that were left out.
        targets[number] = OpenTarget(file, sparse: context.request.sparse, remaining: remaining)
      }
    }
    let isLocal = context.isLocal
    parts = (isLocal ? PartRules.local : .remote).cut(&pieces, packs: batch.packs)
    self.pieces = pieces
    self.targets = targets
    self.direct = direct
    var batch = batch
    if !context.request.verifies { batch.pieces = [] }
    self.batch = batch
    self.failed = Mutex(failed)
    for number in failed { batch.files[number].first?.hasFailed.store(true, ordering: .relaxed) }
  }

  /// A file of one larger piece is worth a reservation.
  private static let singleLimit = 8 << 20

  /// Marks a file as one that can't be completed. True the first time.
  func fail(_ file: Int) -> Bool {
    _ = targets[file]?.fail()
    batch.files[file].first?.hasFailed.store(true, ordering: .relaxed)
    return failed.withLock { $0.insert(file).inserted }
  }

  func hasFailed(_ file: Int) -> Bool { failed.withLock { $0.contains(file) } }

  /// Writes the content of all files.
  func writeContents() async throws {
    let bundles = (direct.count + batch.nodes.count + Self.bundle - 1) / Self.bundle
    try await context.inParallel(bundles) { bundle, _ in
      let end = min((bundle + 1) * Self.bundle, self.direct.count + self.batch.nodes.count)
      for position in bundle * Self.bundle..<end {
        if position < self.direct.count {
          try self.makeDirectly(self.direct[position])
        } else {
          try self.makeNode(self.batch.nodes[position - self.direct.count])
        }
      }
    }
    try await context.inParallel(parts.count, width: context.readers) { number, tools in
      try await self.writePart(number, tools)
    }
    context.openFiles.removeAll()
  }

  /// Makes the further names of files, and gives folders that are done their metadata.
  func finishFolders() async throws {
    for link in batch.links { try makeLink(link) }
    if let pending = context.pendingTimes {
      // It may wait for the disk.
      return try await context.pool.run { try pending.add(self.batch.finished) }
    }
    for (folder, metadata) in batch.finished {
      try context.metadata.apply(metadata, to: folder, in: context.folders)
    }
  }
}
