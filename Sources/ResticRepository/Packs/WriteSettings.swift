internal import ObjectStores

/// How blobs are written.
public struct WriteSettings: Sendable {
  /// A pack is closed once it has this many bytes.
  public var packSize = 16 << 20
  /// How data are compressed.
  public var compression = CompressionMode.auto
  /// Packs on their way to the store at once; nil leaves it to the store and to `memoryLimit`.
  public var uploads: Int?
  /// Bytes of memory that packs may take, those that are filled and those on their way together.
  public var memoryLimit = 256 << 20
  /// Packs that are filled at the same time; which blob goes where is chance, so that the order in a pack tells less about files.
  public var openPacks = 2
  /// An index file is written when it would list this many blobs …
  public var indexBlobs = 50_000
  /// … or when the first of its packs is this old.
  public var indexAge = Duration.seconds(600)

  /// The usual settings.
  public init() {}
}

extension Repository {
  /// How many packs are on their way at once: few where a disk does the work, as many as memory allows where a network does.
  public func uploads(_ settings: WriteSettings) -> Int {
    if let uploads = settings.uploads { return max(1, uploads) }
    let wanted = store is any LocalObjects ? min(2, store.concurrency) : store.concurrency
    // One for trees, and one that waits.
    let allowed = settings.memoryLimit / max(1, settings.packSize) - settings.openPacks - 2
    return max(1, min(wanted, allowed))
  }
}
