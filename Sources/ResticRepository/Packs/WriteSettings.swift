internal import ObjectStores

/// How blobs are written.
public struct WriteSettings: Sendable {
  /// A pack is closed once it has this many bytes; sooner where `memoryLimit` asks for it.
  public var packSize = 16 << 20
  /// How data are compressed.
  public var compression = CompressionMode.auto
  /// Packs on their way to the store at once; nil leaves it to the store. `memoryLimit` may make them fewer.
  public var uploads: Int?
  /// Bytes of memory that packs may take, those that are filled and those on their way together. Where the store is a folder,
  /// packs are in files, and take next to nothing.
  public var memoryLimit = 320 << 20
  /// Packs that are filled at the same time; which blob goes where is chance, so that the order in a pack tells less about files.
  public var openPacks = 2
  /// An index file is written when it would list this many blobs …
  public var indexBlobs = 50_000
  /// … or when the first of its packs is this old.
  public var indexAge = Duration.seconds(600)

  /// The usual settings.
  public init() {}
}

extension WriteSettings {
  /// By so much the last blob of a pack may go beyond `packSize`. Only the listing of a huge folder is longer.
  static let blobRoom = 8 << 20
  private static let smallestPackSize = 1 << 20

  /// Packs that are in memory at once: those that are filled, one of trees among them, and those on their way.
  ///
  /// More than are filled, so that memory always comes back to who waits for some: for a pack that another has opened
  /// meanwhile, too.
  func packsInMemory(uploads: Int) -> Int { max(1, openPacks) + max(2, uploads) }

  /// The same settings with as many uploads, and then as large packs, as the memory limit allows.
  /// - Parameter connections: what the store carries.
  package func fitted(connections: Int) -> WriteSettings {
    var fitted = self
    let fewest = packsInMemory(uploads: 1)
    fitted.packSize = min(packSize, max(Self.smallestPackSize, memoryLimit / fewest - Self.blobRoom))
    let packs = memoryLimit / (fitted.packSize + Self.blobRoom)
    fitted.uploads = max(1, min(uploads ?? connections, packs - max(1, openPacks)))
    return fitted
  }

  /// One sentence on what the memory limit made of settings that somebody asked for; nil if it left them.
  package func difference(from wanted: WriteSettings) -> String? {
    var changes: [String] = []
    if packSize != wanted.packSize {
      changes.append("packs have \(packSize >> 20) MiB instead of \(wanted.packSize >> 20)")
    }
    if let uploads, let asked = wanted.uploads, uploads < asked {
      changes.append("\(uploads) connections instead of \(asked) upload")
    }
    guard !changes.isEmpty else { return nil }
    return "so that packs take no more than \(memoryLimit >> 20) MiB of memory, \(changes.joined(separator: ", and "))"
  }
}

extension Repository {
  /// The same settings, with the uploads at once and the size of packs that the store and `memoryLimit` make of them.
  public func fitted(_ settings: WriteSettings) -> WriteSettings {
    guard store is any LocalObjects else { return settings.fitted(connections: store.concurrency) }
    // Packs are in files then, and few suffice where a disk does the work.
    var fitted = settings
    fitted.uploads = max(1, settings.uploads ?? min(2, store.concurrency))
    return fitted
  }

  /// How many packs are on their way at once: few where a disk does the work, as many as memory allows where a network does.
  public func uploads(_ settings: WriteSettings) -> Int { fitted(settings).uploads ?? 1 }
}
