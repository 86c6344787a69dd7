internal import Concurrency
internal import Synchronization

/// What a running restore has done so far; any thread may ask at any time.
public final class RestoreProgress: Sendable {
  /// The numbers at a moment.
  public struct State: Sendable, Equatable {
    /// Files that are done, those that were left alone included.
    public var files = 0
    /// Bytes of these, and of the part of the others that is done.
    public var bytes = 0
    /// Files of the whole as far as the listings have been read; see `isWalking`.
    public var expectedFiles = 0
    /// Bytes of the whole as far as the listings have been read.
    public var expectedBytes = 0
    /// Whether listings are still being read, so that the expected numbers still grow.
    public var isWalking = true
    /// Files that were left alone, or were equal already.
    public var unchangedFiles = 0
    /// Bytes that were there already.
    public var unchangedBytes = 0
    /// Folders of the backup.
    public var folders = 0
    /// Symbolic links, fifos, devices and further names of files.
    public var others = 0
    /// Things that were removed.
    public var deleted = 0
    /// Bytes of packs that were read.
    public var bytesRead = 0
    /// Bytes that were read back and found equal.
    public var verifiedBytes = 0
    /// What could not be restored.
    public var problems = 0
    /// What is being written now, as paths for people.
    public var current: [String] = []

    /// Nothing done.
    public init() {}
  }

  let files = Atomic(0)
  let bytes = Atomic(0)
  let expectedFiles = Atomic(0)
  let expectedBytes = Atomic(0)
  let isWalking = Atomic(true)
  let unchangedFiles = Atomic(0)
  let unchangedBytes = Atomic(0)
  let folders = Atomic(0)
  let others = Atomic(0)
  let deleted = Atomic(0)
  let bytesRead = Atomic(0)
  let verifiedBytes = Atomic(0)
  let problems = Atomic(0)
  private let current = CurrentWork()

  /// Nothing done yet.
  public init() {}

  /// The numbers now.
  public var state: State {
    var state = State()
    state.files = files.load(ordering: .relaxed)
    state.bytes = bytes.load(ordering: .relaxed)
    state.expectedFiles = expectedFiles.load(ordering: .relaxed)
    state.expectedBytes = expectedBytes.load(ordering: .relaxed)
    state.isWalking = isWalking.load(ordering: .relaxed)
    state.unchangedFiles = unchangedFiles.load(ordering: .relaxed)
    state.unchangedBytes = unchangedBytes.load(ordering: .relaxed)
    state.folders = folders.load(ordering: .relaxed)
    state.others = others.load(ordering: .relaxed)
    state.deleted = deleted.load(ordering: .relaxed)
    state.bytesRead = bytesRead.load(ordering: .relaxed)
    state.verifiedBytes = verifiedBytes.load(ordering: .relaxed)
    state.problems = problems.load(ordering: .relaxed)
    state.current = current.texts
    return state
  }

  /// The numbers at intervals, and once more at the end; it ends with the restore.
  public func updates(every interval: Duration) -> AsyncStream<State> {
    current.updates(every: interval) { self.state }
  }

  func finish() {
    isWalking.store(false, ordering: .relaxed)
    current.finish()
  }

  /// Says what a worker is at; the text is made only when someone looks.
  func setCurrent(_ worker: Int, _ path: @escaping @Sendable () -> String) { current.set(worker, path) }
}

extension Atomic<Int> {
  func count(_ amount: Int = 1) { wrappingAdd(amount, ordering: .relaxed) }
}
