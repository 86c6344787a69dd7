internal import Concurrency
internal import ObjectStores
internal import ResticFormat

/// Collects what packs hold, and writes index files of it. Each pack is listed whole, in one file.
actor IndexWriter {
  private let repository: Repository
  private let settings: WriteSettings
  private let mayWrite: @Sendable () async throws -> Void
  private var packs: [(id: PackID, blobs: [PackedBlob])] = []
  private var blobCount = 0
  private var oldest = ContinuousClock.now
  private var isFlushing = false

  init(repository: Repository, settings: WriteSettings, mayWrite: @escaping @Sendable () async throws -> Void) {
    self.mayWrite = mayWrite
    self.repository = repository
    self.settings = settings
  }

  /// Adds a pack that the store has.
  func add(_ id: PackID, _ blobs: [PackedBlob]) {
    if packs.isEmpty { oldest = .now }
    packs.append((id, blobs))
    blobCount += blobs.count
  }

  /// Writes what has come together once that is enough for a file, or has waited for long.
  func flushIfDue() async throws {
    // One at a time: those that come while it looks at the lock would make small files of what has come since.
    guard !isFlushing, blobCount >= settings.indexBlobs || .now - oldest >= settings.indexAge else { return }
    isFlushing = true
    defer { isFlushing = false }
    try await flush()
  }

  /// Writes what has come together.
  func flush() async throws {
    guard !packs.isEmpty else { return }
    try await mayWrite()
    // Another call may have taken them meanwhile.
    guard !packs.isEmpty else { return }
    let taken = packs
    packs = []
    blobCount = 0
    let file = IndexFile.encode(taken)
    do {
      _ = try await repository.saveSealed(.index, file)
    } catch {
      // They are stored, and may still get into an index when another attempt works.
      packs = taken + packs
      blobCount += taken.reduce(0) { $0 + $1.blobs.count }
      throw error
    }
  }
}
