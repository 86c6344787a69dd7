internal import Compression
internal import Cryptography
internal import FileSystem
internal import ObjectStores
internal import BlobIndex
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// Reads the listings of folders, many in a row that lie close together.
///
/// From a folder of this machine they are read where they are. From elsewhere whole stretches of packs are asked for and
/// kept for a while, since a request costs more than a megabyte.
final class TreeSource: Sendable {
  private struct Segment: Hashable {
    let pack: PackID
    let number: Int
  }

  private typealias Read = Task<Result<[UInt8], RepositoryError>, Never>

  private struct Cache {
    var files: [PackID: (file: FileHandle, lastUse: Int)] = [:]
    var segments: [Segment: (bytes: Read, lastUse: Int)] = [:]
    var clock = 0
  }

  private static let segmentSize = 2 << 20
  private static let segmentLimit = 24
  private static let fileLimit = 32

  private let repository: Repository
  private let index: BlobIndex
  private let local: (any LocalObjects)?
  private let openers: OpenerPool
  private let packSizes = Mutex<[PackID: Int]>([:])
  private let cache = Mutex(Cache())

  init(_ repository: Repository, _ index: BlobIndex) {
    self.repository = repository
    self.index = index
    local = repository.store as? any LocalObjects
    openers = OpenerPool(repository)
  }

  /// The entries of a folder, in the order in which they are stored.
  func tree(_ id: BlobID) async throws(RepositoryError) -> [TreeNode] {
    let bytes = try await index.read(id, .tree) { (place: BlobLocation) async throws(RepositoryError) in
      try await read(id, place)
    }
    do throws(FormatError) { return try decodeTree(bytes) } catch {
      throw RepositoryError(error.kind == .unsupported ? .unsupported : .corrupt, error.description)
    }
  }

  private func read(_ id: BlobID, _ place: BlobLocation) async throws(RepositoryError) -> [UInt8] {
    if let local {
      return try openers.withOpener { opener throws(RepositoryError) in
        try readLocally(local, id, place, opener)
      }
    }
    let sealed = try await readSealed(place)
    return try openers.withOpener { opener throws(RepositoryError) in
      try opened(sealed, id, place, opener)
    }
  }

  /// Begins to read what will be asked for soon, where that takes long.
  func prefetch(_ ids: some Sequence<BlobID>) {
    guard local == nil else { return }
    for id in ids {
      guard let place = index.location(of: id, .tree) else { continue }
      _ = task(Segment(pack: place.pack, number: Int(place.offset) / Self.segmentSize))
    }
  }

  // MARK: - Files of this machine

  private func readLocally(
    _ local: any LocalObjects, _ id: BlobID, _ place: BlobLocation, _ opener: BlobOpener
  ) throws(RepositoryError) -> [UInt8] {
    let name = ObjectName(.pack, place.pack.hex)
    let length = Int(place.length)
    guard length <= BlobOpener.limit else {
      throw RepositoryError(.corrupt, "the index claims \(length) bytes for a listing")
    }
    let sealed: [UInt8]
    do throws(FileError) {
      let file = try file(of: place.pack, path: local.path(of: name))
      var failure: FileError?
      sealed = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        do throws(FileError) {
          count = try file.read(at: Int(place.offset), into: UnsafeMutableRawBufferPointer(buffer))
        } catch {
          count = 0
          failure = error
        }
      }
      if let failure { throw failure }
    } catch {
      throw RepositoryError(error.isVanished ? .notFound : .store(.failed), error.description)
    }
    guard sealed.count == length else {
      throw RepositoryError(.corrupt, "the pack \(name) is shorter than the index says")
    }
    return try opened(sealed, id, place, opener)
  }

  private func opened(
    _ sealed: [UInt8], _ id: BlobID, _ place: BlobLocation, _ opener: BlobOpener
  ) throws(RepositoryError) -> [UInt8] {
    let result: Result<[UInt8], RepositoryError> = sealed.withUnsafeBytes { sealed in
      do throws(RepositoryError) {
        return .success(
          Array(try opener.open(sealed, id: id, uncompressedLength: place.uncompressedLength, pack: place.pack)))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func file(of pack: PackID, path: @autoclosure () -> String) throws(FileError) -> FileHandle {
    let known = cache.withLock { cache in
      cache.clock += 1
      cache.files[pack]?.lastUse = cache.clock
      return cache.files[pack]?.file
    }
    if let known { return known }
    let opened = try FileHandle(path: path())
    cache.withLock { cache in
      if cache.files.count >= Self.fileLimit, let oldest = cache.files.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        cache.files[oldest.key] = nil
      }
      cache.files[pack] = (opened, cache.clock)
    }
    return opened
  }

  // MARK: - Stretches of packs from elsewhere

  private func readSealed(_ place: BlobLocation) async throws(RepositoryError) -> [UInt8] {
    let range = Int(place.offset)..<Int(place.offset) + Int(place.length)
    let first = range.lowerBound / Self.segmentSize
    let last = max(first, (range.upperBound - 1) / Self.segmentSize)
    // A listing that reaches over several stretches is large: it is worth a request.
    guard last - first <= 1 else { return try await get(place.pack, range) }
    var bytes: [UInt8] = []
    for number in first...last {
      let start = number * Self.segmentSize
      let segment = try await segment(Segment(pack: place.pack, number: number))
      let part = max(range.lowerBound, start) - start..<min(range.upperBound, start + Self.segmentSize) - start
      guard part.upperBound <= segment.count else {
        throw RepositoryError(.corrupt, "the pack \(place.pack.hex) is shorter than the index says")
      }
      bytes += segment[part]
    }
    return bytes
  }

  private func segment(_ segment: Segment) async throws(RepositoryError) -> [UInt8] {
    do throws(RepositoryError) { return try await waited(for: segment) } catch {
      // Another reader that waited for it was cancelled, and we were not.
      guard error.kind == .store(.cancelled), !Task.isCancelled else { throw error }
    }
    return try await waited(for: segment)
  }

  /// A stretch, which is read once for all that wait for it; cancelling one of them ends the read.
  private func waited(for segment: Segment) async throws(RepositoryError) -> [UInt8] {
    guard let task = task(segment) else {
      throw RepositoryError(.corrupt, "the pack \(segment.pack.hex) is shorter than the index says")
    }
    let result = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    if case .failure = result {
      // The next one who asks tries again.
      cache.withLock { cache in
        if cache.segments[segment]?.bytes == task { cache.segments[segment] = nil }
      }
    }
    return try result.get()
  }

  private func task(_ segment: Segment) -> Read? {
    let start = segment.number * Self.segmentSize
    let size = packSize(segment.pack)
    guard size > start else { return nil }
    return cache.withLock { cache in
      cache.clock += 1
      if let known = cache.segments[segment] {
        cache.segments[segment]?.lastUse = cache.clock
        return known.bytes
      }
      if cache.segments.count >= Self.segmentLimit,
        let oldest = cache.segments.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        cache.segments[oldest.key] = nil
      }
      let range = start..<min(size, start + Self.segmentSize)
      let task = Task { () -> Result<[UInt8], RepositoryError> in
        do throws(RepositoryError) { return .success(try await self.get(segment.pack, range)) } catch {
          return .failure(error)
        }
      }
      cache.segments[segment] = (task, cache.clock)
      return task
    }
  }

  private func get(_ pack: PackID, _ range: Range<Int>) async throws(RepositoryError) -> [UInt8] {
    do throws(StoreError) { return try await repository.store.get(ObjectName(.pack, pack.hex), range: range) } catch {
      throw RepositoryError(error)
    }
  }

  private func packSize(_ pack: PackID) -> Int {
    packSizes.withLock { sizes in
      if sizes.isEmpty {
        for pack in index.packs { sizes[pack.id] = pack.size }
      }
      return sizes[pack] ?? 0
    }
  }
}

/// Openers that are lent to one call at a time.
final class OpenerPool: Sendable {
  private struct Lent: @unchecked Sendable {
    // Unchecked: it is taken out of the list for as long as it is used.
    let opener: BlobOpener
  }

  private let repository: Repository
  private let idle = Mutex<[Lent]>([])

  init(_ repository: Repository) { self.repository = repository }

  func withOpener<Result>(
    _ body: (BlobOpener) throws(RepositoryError) -> Result
  ) throws(RepositoryError) -> Result {
    let tool = idle.withLock { $0.popLast() } ?? Lent(opener: BlobOpener(key: repository.key))
    defer { idle.withLock { $0.append(tool) } }
    return try body(tool.opener)
  }
}
