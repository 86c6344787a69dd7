public import ResticFormat

/// The length that a pack file of these blobs has: restic's `check` insists on it (restic-format section 5).
public func packFileSize(_ blobs: [PackedBlob]) -> Int {
  blobs.reduce(32 + 4) { $0 + Int($1.length) + ($1.isCompressed ? 41 : 37) }
}
