internal import Concurrency
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

/// Looks whether the copies of blobs that a prune keeps are whole, before it removes the others.
struct CopyVerifier {
  /// Bytes of data that are read, more or less, at most; of trees, all. Copies are few, unless backups of the same data ran
  /// at once; beyond this they are trusted unread, as everything else is that stays.
  private static let limit = 64 << 20

  private let repository: Repository
  private let list: PackList
  /// Places whose blobs don't open.
  private(set) var damaged: Set<Int> = []
  private var known: Set<Int> = []
  private var bytes = 0

  init(repository: Repository, list: PackList) {
    self.repository = repository
    self.list = list
  }

  /// Reads the blobs in places that it has not been asked about before, trees first. Returns whether one is damaged.
  mutating func findDamage(in places: [Int]) async throws -> Bool {
    let blobs = list.blobs
    let trees = places.filter { blobs[$0].type == .tree }
    let data = places.filter { blobs[$0].type == .data }
    var new: [Int] = []
    for place in trees.sorted() + data.sorted()
    where !known.contains(place) && (bytes < Self.limit || blobs[place].type == .tree) {
      known.insert(place)
      bytes += Int(blobs[place].length)
      new.append(place)
    }
    let found = try await damage(in: new)
    damaged.formUnion(found)
    return !found.isEmpty
  }

  private func damage(in places: [Int]) async throws -> [Int] {
    let (repository, list, next) = (repository, list, Counter())
    let found = try await withThrowingTaskGroup(of: [Int].self, returning: [Int].self) { group in
      for _ in 0..<min(places.count, max(1, repository.store.concurrency)) {
        group.addTask(executorPreference: BlockingPool.shared) {
          try await repository.damage(in: places, of: list, next)
        }
      }
      var found: [Int] = []
      while let more = try await group.next() { found += more }
      return found
    }
    try Task.checkCancellation()
    return found
  }
}
