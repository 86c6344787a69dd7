internal import Compression
public import Cryptography
internal import ObjectStores
public import ResticFormat
internal import Synchronization

/// Writes down, in the repository, what an unfinished backup has done: the next attempt goes on from there, wherever it runs.
///
/// Made for many threads; `record` and `packStored` only take notes. `Repository.withJournal` is the way to one.
public final class JournalWriter: Sendable {
  /// An object is written once it would have this many bytes before compression …
  static let objectSize = 1 << 20
  /// … or when its oldest note has waited so long.
  static let age = Duration.seconds(5)
  /// With more notes than this, nothing could be written for long, and the journal ends.
  static let limit = 64 << 20

  private struct Notes {
    var packs: [UInt8] = []
    var packCount = 0
    var entries: [UInt8] = []
    var oldest: ContinuousClock.Instant?

    var size: Int { packs.count + entries.count }
  }

  private struct State {
    var notes = Notes()
    var nextObject = 0
    var isAbandoned = false
  }

  private let repository: Repository
  private let name: JournalName
  private let started: Int64
  private let mayWrite: @Sendable () throws(RepositoryError) -> Void
  private let state = Mutex(State())

  init(
    _ repository: Repository, backupKey: [UInt8], mayWrite: @escaping @Sendable () throws(RepositoryError) -> Void
  ) {
    self.repository = repository
    self.mayWrite = mayWrite
    name = JournalName(repository, backupKey: backupKey)
    let now = Snapshot.Moment.now
    started = now.seconds &* 1_000_000_000 &+ Int64(now.nanoseconds)
  }

  /// Notes a file, or a segment of one, whose blobs were all handed to the blob writer. It counts for the next attempt once
  /// the packs of all these blobs are stored.
  public func record(_ entry: JournalEntry) {
    note { JournalCoding.append(entry, to: &$0.entries) }
  }

  /// Notes a pack that the store has, and that no index file lists yet.
  public func packStored(_ id: PackID, _ blobs: [PackedBlob]) {
    note { notes in
      JournalCoding.append(pack: id, blobs, to: &notes.packs)
      notes.packCount += 1
    }
  }

  private func note(_ add: (inout Notes) -> Void) {
    state.withLock { state in
      guard !state.isAbandoned else { return }
      add(&state.notes)
      if state.notes.oldest == nil { state.notes.oldest = .now }
      guard state.notes.size > Self.limit else { return }
      state.isAbandoned = true
      state.notes = Notes()
    }
  }

  /// Writes what was noted until now.
  public func flush() async throws {
    let (notes, number) = state.withLock { state in
      defer { state.notes = Notes() }
      return (state.notes, state.nextObject)
    }
    guard notes.size > 0 else { return }
    do {
      try mayWrite()
      let bytes = JournalCoding.head(started: started, packs: notes.packCount) + notes.packs + notes.entries
      let sealed = AuthenticatedCipher(repository.key).seal(ZstdCompressor(level: 1).compress(bytes))
      try await repository.put(ObjectName(.journal, name.object(number)), sealed)
      state.withLock { $0.nextObject += 1 }
    } catch {
      state.withLock { state in
        state.notes.packs = notes.packs + state.notes.packs
        state.notes.entries = notes.entries + state.notes.entries
        state.notes.packCount += notes.packCount
        state.notes.oldest = .now
      }
      throw error
    }
  }

  /// Writes objects as they come together until the task is cancelled. What can't be written is tried again.
  func keepFlushing(notice: @Sendable (String) -> Void) async {
    var hasComplained = false
    while !Task.isCancelled {
      do {
        try await Task.sleep(for: .milliseconds(200))
        guard isDue else { continue }
        try await flush()
      } catch is CancellationError {
        return
      } catch {
        if !hasComplained {
          notice("the journal can't be written, so an interrupted backup would have to repeat work: \(error)")
        }
        hasComplained = true
      }
    }
  }

  private var isDue: Bool {
    state.withLock { state in
      guard let oldest = state.notes.oldest else { return false }
      return state.notes.size >= Self.objectSize || .now - oldest >= Self.age
    }
  }
}
