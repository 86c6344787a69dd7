public import BlobIndex
internal import Concurrency
public import Cryptography
internal import FileSystem
internal import Glibc
public import ResticFormat
public import ResticRepository
internal import Synchronization

extension Repository {
  /// Writes a file of a snapshot, the image of a block device, onto a device that is there.
  ///
  /// What is there and equal is neither fetched nor written, so another attempt goes on where this one ended. The device has to be as
  /// long as the image: another may have its name by now, as `/dev/sdb` does after a restart.
  /// - Parameters:
  ///   - path: names on the way from the tree to the image.
  ///   - index: of this repository, loaded after the snapshot was.
  ///   - verifies: read everything back from the device and compare it.
  ///   - patience: how long the device may be in use. Whoever was killed while it wrote has it until all of that is on the disk.
  /// - Throws: `RestoreError` if the device is in use or of another size (`.badRequest`), or can't be written; `RepositoryError` if content
  ///   is missing or damaged; `CancellationError`. What was written until then stays.
  public func restore(
    _ tree: BlobID, path: [[UInt8]], index: BlobIndex, toDevice device: String, verifies: Bool = false,
    patience: Duration = .seconds(20), progress: RestoreProgress = RestoreProgress()
  ) async throws {
    defer { progress.finish() }
    let node = try await TreeSource(self, index).node(at: path, in: tree)
    guard node.kind == .file else {
      let text = printablePath(Array(path.joined(separator: [UInt8(ascii: "/")])))
      throw RestoreError(.badRequest, "'\(text)' is no image: only a file can be written onto a device")
    }
    let workers = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    let pool = BlockingPool(size: workers)
    let (units, size) = try ContentUnit.of(node.content, index, limit: 4 << 20)
    let run = DeviceRestore(
      repository: self, reader: BlobReader(self, index),
      device: try await opened(device, for: size, on: pool, patience), units: units, progress: progress, pool: pool,
      workers: workers)
    progress.expectedFiles.count()
    progress.expectedBytes.count(size)
    progress.isWalking.store(false, ordering: .relaxed)
    try await run.write()
    if verifies { try await run.verify() }
    progress.files.count()
  }
}

/// Opens a device that nobody else uses.
private func opened(
  _ path: String, for size: Int, on pool: BlockingPool, _ patience: Duration
) async throws -> WritableFile {
  let start = ContinuousClock.now
  while true {
    do {
      return try await pool.run {
        let device = try WritableFile(blockDevice: path)
        let room = try device.deviceSize()
        guard room == size else {
          throw RestoreError(
            .badRequest,
            "the device \(printablePath(device.path)) has \(room) bytes and the image \(size), so it may be another one; nothing was written. If it is the right one, restore the image as a file, and copy that"
          )
        }
        // What somebody changed beneath the kernel counts, and not what it remembers.
        device.dropFromCache()
        return device
      }
    } catch let error as FileError {
      switch error.code {
      case EBUSY where ContinuousClock.now - start < patience: try await Task.sleep(for: .milliseconds(500))
      // A person has to do something about these: to try again does not help.
      case EBUSY:
        throw RestoreError(.badRequest, "\(error): it is mounted, or something else uses it; stop that first")
      case ENOTBLK: throw RestoreError(.badRequest, "\(error)")
      default: throw RestoreError(.target, "\(error)")
      }
    }
  }
}

/// Writes an image onto a device.
private struct DeviceRestore: Sendable {
  let repository: Repository
  /// For what a pack doesn't give.
  let reader: BlobReader
  let device: WritableFile
  let units: [ContentUnit]
  let progress: RestoreProgress
  let pool: BlockingPool
  let workers: Int

  func write() async throws {
    try await forEachUnit { unit, offset, tools in
      let length = unit.plaintextLength
      if try isThere(unit, at: offset, tools) {
        progress.unchangedBytes.count(length)
      } else {
        try put(try await plaintext(unit, tools), at: offset)
      }
      progress.bytes.count(length)
    }
    try await pool.run {
      do throws(FileError) { try device.synchronize() } catch {
        throw RestoreError(.target, "what was restored may not be on the device as a whole: \(error)")
      }
    }
  }

  func verify() async throws {
    device.dropFromCache()
    try await forEachUnit { unit, offset, tools in
      guard try isThere(unit, at: offset, tools) else {
        throw RestoreError(
          .target,
          "\(printablePath(device.path)) does not read back as it was written at byte \(offset) or soon after; the disk, the memory or another program is at fault"
        )
      }
      progress.verifiedBytes.count(unit.plaintextLength)
    }
  }

  private func plaintext(_ unit: ContentUnit, _ tools: WorkerTools) async throws(RepositoryError) -> [UInt8] {
    do throws(RepositoryError) {
      let sealed = try await repository.sealed(unit)
      progress.bytesRead.count(sealed.count)
      return try unit.opened(sealed, tools.opener)
    } catch {
      return try await unit.plaintext(after: error, reader)
    }
  }

  private func put(_ plaintext: [UInt8], at offset: Int) throws(RestoreError) {
    let result: Result<Void, FileError> = plaintext.withUnsafeBytes { bytes in
      Result { () throws(FileError) in try device.write(bytes, at: offset) }
    }
    do throws(FileError) { try result.get() } catch {
      throw RestoreError(.target, "\(error); the device holds a part of the image now: restore it again")
    }
  }

  /// Whether the device has a unit's content already.
  private func isThere(_ unit: ContentUnit, at offset: Int, _ tools: WorkerTools) throws -> Bool {
    var offset = offset
    for (id, place) in unit.blobs {
      // What claims more can't be opened either, which says why.
      guard place.plaintextLength <= BlobOpener.limit else { return false }
      let buffer = tools.buffer.reserve(place.plaintextLength)
      do throws(FileError) {
        guard try device.read(at: offset, into: buffer) == buffer.count,
          tools.hash.digest(of: UnsafeRawBufferPointer(buffer)) == id
        else { return false }
      } catch { throw RestoreError(.target, error.description) }
      offset += place.plaintextLength
    }
    return true
  }

  private func forEachUnit(
    _ body: @escaping @Sendable (ContentUnit, _ offset: Int, WorkerTools) async throws -> Void
  ) async throws {
    var end = 0
    let offsets = units.map { unit in
      defer { end += unit.plaintextLength }
      return end
    }
    try await repository.inParallel(units.count, width: workers, on: pool) { number, tools in
      try await body(units[number], offsets[number], tools)
    }
  }
}
