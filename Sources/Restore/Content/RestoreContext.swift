internal import Concurrency
internal import Cryptography
internal import FileSystem
internal import ObjectStores
internal import ResticRepository
internal import Synchronization

/// What all parts of a running restore share.
struct RestoreContext: Sendable {
  let repository: Repository
  /// For blobs that have to be read one by one.
  let reader: BlobReader
  let request: RestoreRequest
  let folders: OpenFolders
  let openFiles: OpenFiles
  let metadata: MetadataWriter
  /// Nil if files get their times at once.
  let pendingTimes: PendingTimes?
  let problems: ProblemList
  let progress: RestoreProgress
  let pool: BlockingPool
  let workers: Int

  /// Does `count` pieces of work on the pool's threads; see `Repository.inParallel`.
  func inParallel(
    _ count: Int, width: Int? = nil, _ body: @escaping @Sendable (Int, WorkerTools) async throws -> Void
  ) async throws {
    try await repository.inParallel(count, width: width ?? workers, on: pool, body)
  }
}

extension Repository {
  /// Does `count` pieces of work, each once, on the threads of `pool`, `width` at a time; in order of their numbers as far as that
  /// makes sense. The first error ends it.
  func inParallel(
    _ count: Int, width: Int, on pool: BlockingPool,
    _ body: @escaping @Sendable (Int, WorkerTools) async throws -> Void
  ) async throws {
    guard count > 0 else { return }
    let numbers = Numbers()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<min(count, width) {
        group.addTask(executorPreference: pool) {
          let tools = WorkerTools(self, number: number)
          while true {
            let position = numbers.next()
            guard position < count else { return }
            try Task.checkCancellation()
            try await body(position, tools)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// Hands out 0, 1, 2 and so on.
private final class Numbers: Sendable {
  private let value = Atomic(0)

  func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// One worker's tools.
final class WorkerTools {
  let number: Int
  let opener: BlobOpener
  let hash = SHA256()
  var buffer = ScratchBuffer()

  init(_ repository: Repository, number: Int) {
    self.number = number
    opener = BlobOpener(key: repository.key)
  }
}
