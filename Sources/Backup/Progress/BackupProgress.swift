internal import Concurrency
internal import Synchronization

/// What a running backup has done so far; any thread may ask at any time.
public final class BackupProgress: Sendable {
  /// The numbers at a moment.
  public struct State: Sendable, Equatable {
    /// Files that are done.
    public var files = 0
    /// Bytes of these, and of the part of the others that is done, changed or not.
    public var bytes = 0
    /// Bytes that were really read.
    public var bytesRead = 0
    /// Files of the whole, as far as known; 0 if not.
    public var expectedFiles = 0
    /// Bytes of the whole, as far as known; 0 if not.
    public var expectedBytes = 0
    /// Files that the parent did not have.
    public var filesNew = 0
    /// Files that it had otherwise.
    public var filesChanged = 0
    /// Files that it had just so.
    public var filesUnmodified = 0
    /// Folders that the parent did not have.
    public var foldersNew = 0
    /// Folders that it had otherwise.
    public var foldersChanged = 0
    /// Folders that it had just so.
    public var foldersUnmodified = 0
    /// Bytes of new blobs before compression.
    public var addedBytes = 0
    /// The same as stored.
    public var addedPackedBytes = 0
    /// Bytes of packs that the store has.
    public var uploadedBytes = 0
    /// What could not be backed up.
    public var problems = 0
    /// What is being read now, as paths for people.
    public var current: [String] = []

    /// Nothing done.
    public init() {}
  }

  let files = Atomic(0)
  let bytes = Atomic(0)
  let bytesRead = Atomic(0)
  let expectedFiles = Atomic(0)
  let expectedBytes = Atomic(0)
  let filesNew = Atomic(0)
  let filesChanged = Atomic(0)
  let filesUnmodified = Atomic(0)
  let foldersNew = Atomic(0)
  let foldersChanged = Atomic(0)
  let foldersUnmodified = Atomic(0)
  let problems = Atomic(0)
  private let current = CurrentWork()
  private let totals = Mutex<(@Sendable () -> (plaintext: Int, packed: Int, uploaded: Int))?>(nil)

  /// Nothing done yet.
  public init() {}

  /// The numbers now.
  public var state: State {
    var state = State()
    state.files = files.load(ordering: .relaxed)
    state.bytes = bytes.load(ordering: .relaxed)
    state.bytesRead = bytesRead.load(ordering: .relaxed)
    state.expectedFiles = expectedFiles.load(ordering: .relaxed)
    state.expectedBytes = expectedBytes.load(ordering: .relaxed)
    state.filesNew = filesNew.load(ordering: .relaxed)
    state.filesChanged = filesChanged.load(ordering: .relaxed)
    state.filesUnmodified = filesUnmodified.load(ordering: .relaxed)
    state.foldersNew = foldersNew.load(ordering: .relaxed)
    state.foldersChanged = foldersChanged.load(ordering: .relaxed)
    state.foldersUnmodified = foldersUnmodified.load(ordering: .relaxed)
    state.problems = problems.load(ordering: .relaxed)
    state.current = current.texts
    if let sums = totals.withLock({ $0 })?() {
      (state.addedBytes, state.addedPackedBytes, state.uploadedBytes) = (sums.plaintext, sums.packed, sums.uploaded)
    }
    return state
  }

  /// The numbers at intervals, and once more at the end; it ends with the backup.
  public func updates(every interval: Duration) -> AsyncStream<State> {
    current.updates(every: interval) { self.state }
  }

  func finish() { current.finish() }

  func setTotals(_ totals: @escaping @Sendable () -> (plaintext: Int, packed: Int, uploaded: Int)) {
    self.totals.withLock { $0 = totals }
  }

  /// Says what a worker is at; nil for nothing. The text is made only when someone looks.
  func setCurrent(_ worker: Int, _ path: (@Sendable () -> String)?) { current.set(worker, path) }
}

extension Atomic<Int> {
  func count(_ amount: Int = 1) { wrappingAdd(amount, ordering: .relaxed) }
}
