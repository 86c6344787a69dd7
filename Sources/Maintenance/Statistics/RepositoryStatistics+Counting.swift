internal import BlobIndex
internal import Cryptography
internal import ResticFormat
public import ResticRepository
internal import Synchronization

extension RepositoryStatistics {
  /// Counts what snapshots hold. Each tree is read once, however many snapshots share it.
  /// - Throws: the error of a tree that can't be read; `.notFound` for a blob that no index lists.
  public static func count(
    _ snapshots: [StoredSnapshot], _ mode: Mode, _ reader: BlobReader
  ) async throws -> RepositoryStatistics {
    var result: RepositoryStatistics
    switch mode {
    case .restoreSize: result = try await restoreSize(snapshots, reader)
    case .filesByContents: result = try await filesByContents(snapshots, reader)
    case .rawData: result = try await rawData(snapshots, reader)
    case .blobsPerFile: result = try await blobsPerFile(snapshots, reader)
    }
    result.snapshotsCount = snapshots.count
    return result
  }

  private static func filesByContents(
    _ snapshots: [StoredSnapshot], _ reader: BlobReader
  ) async throws -> RepositoryStatistics {
    let state = Mutex((seen: Set<SHA256Digest>(), result: RepositoryStatistics()))
    try await TreeWalk(reader).visitEach(from: snapshots.map(\.snapshot.tree)) { _, tree in
      let files = try tree.get().map { (content: contentID($0), size: Int(clamping: $0.size)) }
      state.withLock { state in
        for file in files where state.seen.insert(file.content).inserted {
          state.result.totalFileCount += 1
          state.result.totalSize &+= file.size
        }
      }
    }
    return state.withLock { $0.result }
  }

  private static func rawData(
    _ snapshots: [StoredSnapshot], _ reader: BlobReader
  ) async throws -> RepositoryStatistics {
    let isCompressing = reader.repository.config.allowsCompression
    let state = Mutex((seen: Set<BlobID>(), result: RepositoryStatistics()))
    try await TreeWalk(reader).visitEach(from: snapshots.map(\.snapshot.tree)) { id, tree in
      let nodes = try tree.get()
      let treePlace = try place(id, .tree, reader.index)
      try state.withLock { state in
        state.result.add(treePlace, isCompressing)
        for node in nodes where node.kind == .file {
          for blob in node.content where state.seen.insert(blob).inserted {
            state.result.add(try place(blob, .data, reader.index), isCompressing)
          }
        }
      }
    }
    return state.withLock { $0.result }
  }

  private mutating func add(_ blob: BlobLocation, _ isCompressing: Bool) {
    totalBlobCount += 1
    totalSize += Int(blob.length)
    guard isCompressing else { return }
    let plain = Self.plaintextLength(blob) + AuthenticatedCipher.overhead
    totalUncompressedSize += plain
    guard blob.uncompressedLength > 0 else { return }
    compressedSize += Int(blob.length)
    compressedPlainSize += plain
  }

  /// A content counts at the path where it is met first, so the order matters.
  private static func blobsPerFile(
    _ snapshots: [StoredSnapshot], _ reader: BlobReader
  ) async throws -> RepositoryStatistics {
    var result = RepositoryStatistics()
    var trees: Set<BlobID> = []
    var contents: Set<SHA256Digest> = []
    var paths: Set<SHA256Digest> = []
    var blobsOfPaths: Set<SHA256Digest> = []
    for snapshot in snapshots where trees.insert(snapshot.snapshot.tree).inserted {
      try await EntryWalk(reader).visitEach(below: snapshot.snapshot.tree) { entry in
        let node = entry.node
        // All contents of a tree that was met before are known.
        if let subtree = node.subtree { return trees.insert(subtree).inserted ? .enter : .skip }
        guard !node.content.isEmpty, contents.insert(contentID(node)).inserted else { return .skip }
        let path = Array(entry.path.joined(separator: [0]))
        if paths.insert(SHA256Digest(of: path)).inserted { result.totalFileCount += 1 }
        for blob in node.content where blobsOfPaths.insert(SHA256Digest(of: path + [0] + blob.bytes)).inserted {
          result.totalBlobCount += 1
          result.totalSize += plaintextLength(try place(blob, .data, reader.index))
        }
        return .skip
      }
    }
    return result
  }

  /// What names a file's content: the hash of its blobs' ids.
  private static func contentID(_ node: TreeNode) -> SHA256Digest {
    SHA256Digest(of: node.content.flatMap(\.bytes))
  }

  static func plaintextLength(_ blob: BlobLocation) -> Int {
    blob.uncompressedLength > 0 ? Int(blob.uncompressedLength) : Int(blob.length) - AuthenticatedCipher.overhead
  }

  static func place(_ id: BlobID, _ type: BlobType, _ index: BlobIndex) throws(RepositoryError) -> BlobLocation {
    guard let place = index.location(of: id, type) else {
      throw RepositoryError(
        .notFound,
        "the \(type.name) blob \(id.hex) is missing from the index; 'holdfast repo check' tells what is damaged")
    }
    return place
  }
}
