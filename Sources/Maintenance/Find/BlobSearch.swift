public import BlobIndex
public import Cryptography
public import ResticFormat
public import ResticRepository

/// Finds which files and folders of snapshots need a blob, or something in a pack.
public struct BlobSearch: Sendable {
  /// A file or folder that needs what is looked for.
  public struct Hit: Sendable {
    /// Whether it is content or a listing.
    public let type: BlobType
    /// The blob.
    public let blob: BlobID
    /// Where the blob lies; nil if the index does not know it.
    public let pack: PackID?
    /// The names of the folders above and its own; empty for the root.
    public let path: [[UInt8]]
  }

  /// What the ids of data begin with, in hex.
  public var blobs: [String]
  /// What the ids of listings begin with.
  public var trees: [String]
  /// What the names of packs begin with.
  public var packs: [String]

  /// A search for what ids begin with, in hex digits of any case.
  public init(blobs: [String], trees: [String], packs: [String]) {
    self.blobs = blobs.map { $0.lowercased() }
    self.trees = trees.map { $0.lowercased() }
    self.packs = packs.map { $0.lowercased() }
  }

  /// Looks through snapshots, one after the other, and tells of what it finds.
  ///
  /// A folder that several snapshots or places share is looked into once: what is found in it is told of the first.
  /// - Parameter index: the one that `reader` uses.
  public func run(
    _ snapshots: [StoredSnapshot], _ reader: BlobReader, _ index: BlobIndex,
    found: (StoredSnapshot, Hit) throws -> Void
  ) async throws {
    var seen: Set<BlobID> = []
    for snapshot in snapshots {
      let root = snapshot.snapshot.tree
      guard seen.insert(root).inserted else { continue }
      if let hit = hit(root, .tree, [], index) { try found(snapshot, hit) }
      try await EntryWalk(reader).visitEach(below: root) { entry in
        // A file of many equal blocks needs each of them once.
        var told: Set<BlobID> = []
        for blob in entry.node.content {
          if let hit = hit(blob, .data, entry.path, index), told.insert(blob).inserted { try found(snapshot, hit) }
        }
        guard entry.node.kind == .dir, let subtree = entry.node.subtree, seen.insert(subtree).inserted else {
          return .skip
        }
        if let hit = hit(subtree, .tree, entry.path, index) { try found(snapshot, hit) }
        return .enter
      }
    }
  }

  private func hit(_ blob: BlobID, _ type: BlobType, _ path: [[UInt8]], _ index: BlobIndex) -> Hit? {
    let wanted = type == .data ? blobs : trees
    var isHit = !wanted.isEmpty && fits(blob, wanted)
    guard isHit || !packs.isEmpty else { return nil }
    let pack = index.location(of: blob, type)?.pack
    if !isHit, let pack { isHit = fits(pack, packs) }
    return isHit ? Hit(type: type, blob: blob, pack: pack, path: path) : nil
  }

  private func fits(_ id: SHA256Digest, _ beginnings: [String]) -> Bool {
    let hex = id.hex
    return beginnings.contains { hex.hasPrefix($0) }
  }
}
