internal import FileSystem
internal import ResticFormat
internal import ResticRepository

/// What an interrupted attempt at the same backup has done is not done again.
extension Worker {
  /// What stands for a file in the journal; nil if there is none to keep or to look into.
  func journalKey(_ folder: [[UInt8]], _ name: [UInt8]) -> PathKey? {
    guard session.journal != nil || !session.previous.isEmpty else { return nil }
    var path: [UInt8] = []
    for part in folder { path += part + [UInt8(ascii: "/")] }
    return keys.key(of: path + name)
  }

  /// The blobs of the segments of a file that an earlier attempt has stored, as the file is now.
  func finished(_ key: PathKey?, _ metadata: FileMetadata, segments: Int, blockSize: Int = 0) -> [Int: [BlobID]] {
    guard let key, !session.previous.isEmpty else { return [:] }
    var found: [Int: [BlobID]] = [:]
    for entry in session.previous.segments(of: key, in: session.writer.index) {
      let expected = JournalEntry(key, metadata, segment: Int(entry.segment), segments: segments, blockSize: blockSize)
      if entry.isOfSameFile(as: expected), Int(entry.segment) < segments { found[Int(entry.segment)] = entry.content }
    }
    return found
  }

  /// Notes a segment of a file, all of whose blobs were handed to the blob writer.
  func record(
    _ key: PathKey?, _ metadata: FileMetadata, segment: Int, segments: Int, blockSize: Int = 0, content: [BlobID]
  ) {
    guard let key, let journal = session.journal else { return }
    // What changed a moment ago may change again without another time.
    guard session.request.frozenAs != nil || TreeNode.Time(metadata.changed) < session.secondsAgo(2) else { return }
    var entry = JournalEntry(key, metadata, segment: segment, segments: segments, blockSize: blockSize)
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
