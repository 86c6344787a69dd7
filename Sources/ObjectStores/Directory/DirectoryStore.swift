internal import CFileShims
internal import Concurrency
internal import Glibc

/// Filesystems that no other machine writes to (statfs(2)): ext2 to ext4, XFS, btrfs, tmpfs, F2FS, ZFS.
private let localFilesystems: Set<UInt32> = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0xF2F5_2010, 0x2FC1_2FC1]

/// A repository in a folder, laid out as restic does it; also on NFS: it needs no locks of the file system.
///
/// An object is written to a temporary file beside its place, synced, renamed, and its folder synced. Blocking calls run on
/// threads of the store's own, unless the caller's may block.
public final class DirectoryStore: LocalObjects {
  /// What the user wrote to name the place, without secrets.
  public let location: String
  /// How many calls may usefully be under way at once.
  public let concurrency: Int
  /// Whether journals and points can be kept here.
  public var keepsJournals: Bool { true }

  /// The absolute path of the repository.
  public let root: String
  private let pool: BlockingPool

  /// The repository at `path`, which need not exist yet.
  /// - Parameter concurrency: how many files are read or written at once.
  public init(_ path: String, concurrency: Int = 8) {
    location = path
    self.concurrency = max(1, concurrency)
    pool = BlockingPool(size: self.concurrency)
    root = Self.absolute(path)
  }

  /// The absolute path of the file that holds, or would hold, the object.
  public func path(of name: ObjectName) -> String { root + "/" + name.path }

  /// Whether the filesystem is one of this machine's own.
  public func showsAtOnce() async -> Bool {
    await pool.runNonthrowing { [root] in
      localFilesystems.contains(file_shim_filesystem_kind(root))
    }
  }

  /// Makes the place ready for a new repository, or says why it cannot be one.
  public func prepare() async throws(StoreError) {
    try await blocking { () throws(StoreError) in
      do throws(Errno) { try self.makeRoot() } catch {
        throw error.error(self.location, "cannot make the folder")
      }
      let digits = Array("0123456789abcdef")
      let packs = digits.flatMap { first in digits.map { "data/\(first)\($0)" } }
      for folder in ["data", "index", "keys", "locks", "snapshots"] + packs {
        do throws(Errno) { try self.makeFolder(self.root + "/" + folder, synced: false) } catch {
          throw error.error(self.location, "cannot make the folder \(folder)")
        }
      }
      for folder in ["", "/data"] {
        do throws(Errno) { try synchronizeFolder(self.root + folder) } catch {
          throw error.error(self.location, "cannot sync the folder")
        }
      }
    }
    _ = try await sweep()
  }

  /// Writes an object; afterwards it is there as a whole, or not at all.
  public func put(_ name: ObjectName, _ contents: [UInt8], overwrite: Bool) async throws(StoreError) {
    let name = try name.checked()
    try await blocking { () throws(StoreError) in
      do throws(Errno) {
        try self.write(name, contents, overwrite: overwrite)
      } catch {
        if error.code == EEXIST {
          throw StoreError(.exists, self.describe(name), "is there already")
        }
        throw error.error(self.describe(name), "cannot write it")
      }
    }
  }

  /// Reads an object or a part of it.
  public func get(_ name: ObjectName, range: Range<Int>?) async throws(StoreError) -> [UInt8] {
    let name = try name.checked()
    return try await blocking { () throws(StoreError) -> [UInt8] in
      let (bytes, size): ([UInt8]?, Int)
      do throws(Errno) { (bytes, size) = try self.read(self.path(of: name), range) } catch {
        throw error.error(self.describe(name), "cannot read it")
      }
      if let bytes { return bytes }
      throw self.truncated(name, size, range)
    }
  }

  /// Reads a part of an object into memory that the caller keeps. Blocks.
  public func read(_ name: ObjectName, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) {
    let name = try name.checked()
    let (count, size): (Int, Int)
    do throws(Errno) {
      let file = try OpenFile(path(of: name), O_RDONLY)
      count = try file.read(buffer, at: offset)
      size = try file.size()
    } catch {
      throw error.error(describe(name), "cannot read it")
    }
    guard count == buffer.count else { throw truncated(name, size, offset..<offset + buffer.count) }
  }

  private func truncated(_ name: ObjectName, _ size: Int, _ range: Range<Int>?) -> StoreError {
    StoreError(
      .truncated, describe(name),
      "has only \(size) bytes; \(range.map { "\($0.lowerBound)..<\($0.upperBound)" } ?? "all") was asked for")
  }

  /// The length of an object in bytes.
  public func size(of name: ObjectName) async throws(StoreError) -> Int {
    let name = try name.checked()
    return try await blocking { () throws(StoreError) -> Int in
      do throws(Errno) {
        guard let file = try regularFile(self.path(of: name)) else { throw Errno(ENOENT) }
        return file.size
      } catch {
        throw error.error(self.describe(name), "cannot read it")
      }
    }
  }

  /// Removes an object; that it is gone already is no error.
  public func remove(_ name: ObjectName) async throws(StoreError) {
    let name = try name.checked()
    try await blocking { () throws(StoreError) in
      do throws(Errno) {
        _ = try retrying { unlink(self.path(of: name)) }
        // A pack must not vanish before the index that names it has: order these two for the disk as well.
        if name.kind != .pack, name.kind != .lock { try synchronizeFolder(self.folder(of: name)) }
      } catch  where error.code == ENOENT {
        return
      } catch {
        throw error.error(self.describe(name), "cannot remove it")
      }
    }
  }

  /// All objects of a kind, in no order.
  public func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] {
    switch kind {
    case .config:
      do {
        return [ObjectListing(name: "config", size: try await size(of: .config))]
      } catch  where error.kind == .notFound {
        return []
      }
    case .pack: return try await listPacks()
    case .key, .lock, .snapshot, .index, .journal, .point:
      return try await blocking { () throws(StoreError) in
        try self.entries(kind, in: self.folder(of: kind))
      }
    }
  }

  /// Removes what writers that died left behind more than a day ago; returns how many such things.
  public func sweep() async throws(StoreError) -> Int {
    let folders =
      ObjectKind.allCases.filter { $0 != .pack }.map { folder(of: $0) } + (try await packFolders())
    return try await blocking { () throws(StoreError) in
      let oldest = time(nil) - 86_400
      var removed = 0
      for folder in folders {
        for name in (try? names(in: folder)) ?? [] where name.contains(temporaryMark) {
          let path = folder + "/" + name
          guard let file = try? regularFile(path), file.modified < oldest else { continue }
          if unlink(path) == 0 { removed += 1 }
        }
      }
      return removed
    }
  }
}

// MARK: - Small things

extension DirectoryStore {
  /// Runs `body` on a thread of ours, or right here if this one may block, too.
  func blocking<T: Sendable>(
    _ body: @escaping @Sendable () throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    guard !Task.isCancelled else { throw StoreError(.cancelled, location, "cancelled") }
    if BlockingPool.isCurrentThread { return try body() }
    let result: Result<T, StoreError> = await pool.runNonthrowing {
      do throws(StoreError) { return .success(try body()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  func folder(of kind: ObjectKind) -> String {
    switch kind {
    case .config: root
    case .pack: root + "/data"
    case .key, .lock, .snapshot: root + "/" + kind.rawValue + "s"
    case .index: root + "/index"
    case .journal: root + "/holdfast/journal"
    case .point: root + "/holdfast/points"
    }
  }

  func folder(of name: ObjectName) -> String {
    name.kind == .pack ? root + "/data/" + name.name.prefix(2) : folder(of: name.kind)
  }

  func describe(_ name: ObjectName) -> String { location + "/" + name.path }

  /// The bytes, or nil with the file's length if the file is too short.
  private func read(_ path: String, _ range: Range<Int>?) throws(Errno) -> (
    bytes: [UInt8]?, size: Int
  ) {
    let file = try OpenFile(path, O_RDONLY)
    let size = try file.size()
    let range = range ?? 0..<size
    guard range.lowerBound >= 0, range.upperBound <= size else { return (nil, size) }
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(Errno) {
        count = try file.read(UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes.count == range.count ? (bytes, size) : (nil, range.lowerBound + bytes.count)
  }

  private static func absolute(_ path: String) -> String {
    var path = path
    if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
      path = String(cString: here) + "/" + path
      free(here)
    }
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
