internal import FileSystem
internal import ResticFormat
internal import ResticRepository

/// What stands for a file in the journal.
struct JournalKey: Sendable {
  let path: PathKey
  /// Whether it may be noted: when its metadata were read, it had not changed so recently that it could change again
  /// without another time.
  let isSettled: Bool
}

/// What an interrupted attempt at the same backup has done is not done again.
extension Worker {
  /// What stands for a file in the journal; nil if there is none to keep or to look into. To be made as soon as the
  /// metadata were read.
  func journalKey(_ folder: [[UInt8]], _ name: [UInt8], _ metadata: FileMetadata) -> JournalKey? {
    guard session.journal != nil || !session.previous.isEmpty else { return nil }
    var path: [UInt8] = []
    for part in folder { path += part + [UInt8(ascii: "/")] }
    let isSettled = session.request.frozenAs != nil || TreeNode.Time(metadata.changed) < session.secondsAgo(2)
    return JournalKey(path: keys.key(of: path + name), isSettled: isSettled)
  }

  /// The blobs of the segments of a file that an earlier attempt has stored, as the file is now.
  func finished(_ key: JournalKey?, _ metadata: FileMetadata, segments: Int, blockSize: Int = 0) -> [Int: [BlobID]] {
    guard let key = key?.path, !session.previous.isEmpty else { return [:] }
    var found: [Int: [BlobID]] = [:]
    for entry in session.previous.segments(of: key, in: session.writer.index) {
      let expected = JournalEntry(key, metadata, segment: Int(entry.segment), segments: segments, blockSize: blockSize)
      if entry.isOfSameFile(as: expected), Int(entry.segment) < segments { found[Int(entry.segment)] = entry.content }
    }
    return found
  }

  /// Notes a segment of a file, all of whose blobs were handed to the blob writer.
  func record(
    _ key: JournalKey?, _ metadata: FileMetadata, segment: Int, segments: Int, blockSize: Int = 0, content: [BlobID]
  ) {
    guard let key, key.isSettled, let journal = session.journal else { return }
    var entry = JournalEntry(key.path, metadata, segment: segment, segments: segments, blockSize: blockSize)
    entry.content = content
    journal.record(entry)
  }
}

extension JournalEntry {
  fileprivate init(_ key: PathKey, _ metadata: FileMetadata, segment: Int, segments: Int, blockSize: Int) {
    self.init(
      path: key, size: UInt64(max(0, metadata.size)), modified: TreeNode.Time(metadata.modified),
      changed: TreeNode.Time(metadata.changed), inode: metadata.inode, segment: UInt32(clamping: segment),
      segments: UInt32(clamping: segments), blockSize: UInt32(clamping: blockSize), content: [])
  }
}
