internal import FileSystem
internal import ResticFormat
internal import ResticRepository
internal import Synchronization

/// A large file that several workers read, a segment each.
final class FileTask: Sendable {
  /// What was found in a segment.
  struct Segment: Sendable {
    var content: [BlobID] = []
    /// Fewer than expected if the file shrank.
    var bytes = 0
  }

  private struct State {
    var segments: [Segment?]
    var remaining: Int
    var hasFailed = false
  }

  /// Bytes of a segment of a file; at its end a chunk ends, wherever the content would have it cut.
  static let segmentLength = 32 << 20
  /// Bytes of a segment of an image; a multiple of every block size.
  static let imageSegmentLength = 16 << 20

  let place: DirectoryTask.Place
  let file: FileHandle
  /// Its node, but for content and size.
  let node: TreeNode
  let metadata: FileMetadata
  let isKnown: Bool
  /// What stands for it in the journal.
  let key: JournalKey?
  /// What an earlier attempt has stored of it.
  let finished: [Int: [BlobID]]
  /// How it is cut if it is an image; nil for by its content.
  let blocks: BlockPlan?
  /// What it has in the page cache.
  let pages: SegmentPages
  private let segmentLength: Int
  private let state: Mutex<State>

  init(
    place: DirectoryTask.Place, file: FileHandle, node: TreeNode, metadata: FileMetadata, isKnown: Bool,
    key: JournalKey?, finished: [Int: [BlobID]], blocks: BlockPlan? = nil
  ) {
    self.place = place
    self.file = file
    self.node = node
    self.metadata = metadata
    self.isKnown = isKnown
    self.key = key
    self.finished = finished
    self.blocks = blocks
    let length = Self.segmentLength(isImage: blocks != nil)
    segmentLength = length
    let count = Self.segmentCount(metadata.size, isImage: blocks != nil)
    let reach = metadata.isSparse ? ChunkReader.reach : nil
    pages = SegmentPages(file, segments: count) { segment in
      PageResidency(file, Self.range(of: segment, length, metadata.size), holesUpTo: reach)
    }
    state = Mutex(State(segments: Array(repeating: nil, count: count), remaining: count))
  }

  var isSparse: Bool { metadata.isSparse }

  var segmentCount: Int { Self.segmentCount(metadata.size, isImage: blocks != nil) }

  /// How many segments a file of a length has.
  static func segmentCount(_ size: Int, isImage: Bool) -> Int {
    let length = segmentLength(isImage: isImage)
    return max(1, size / length + (size % length > 0 ? 1 : 0))
  }

  private static func segmentLength(isImage: Bool) -> Int { isImage ? imageSegmentLength : segmentLength }

  func range(of segment: Int) -> Range<Int> { Self.range(of: segment, segmentLength, metadata.size) }

  private static func range(of segment: Int, _ length: Int, _ size: Int) -> Range<Int> {
    let start = segment * length
    return start..<start + min(length, size - start)
  }

  /// A segment is done, or could not be read (nil). When it was the last, all come back; an empty array if one is missing.
  func finish(_ segment: Int, _ result: Segment?) -> [Segment]? {
    state.withLock { state in
      state.segments[segment] = result
      state.hasFailed = state.hasFailed || result == nil
      state.remaining -= 1
      guard state.remaining == 0 else { return nil }
      return state.hasFailed ? [] : state.segments.compactMap { $0 }
    }
  }
}

extension FileMetadata {
  /// Whether it takes less room on the disk than it is long: it is worth looking for holes.
  var isSparse: Bool { blocks < size / 512 }

  /// How many blobs its content is at least, if those of holes have `hole` bytes, and others not more than `data`.
  ///
  /// Anyone can make a file of 8 EiB that takes no room: its length alone is no reason to begin with it.
  func leastBlobs(data: Int, hole: Int) -> Int {
    let sectors = size / 512
    let used = min(max(blocks, 0), sectors)
    return used / (data / 512) + (sectors - used) / (hole / 512)
  }
}
