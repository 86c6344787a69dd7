internal import BlobIndex
internal import Cryptography
internal import FileSystem
internal import ResticFormat

/// Fills batches.
struct BatchBuilder {
  private var batch = Batch()
  private var packNumbers: [PackID: UInt32] = [:]

  var weight: Int { batch.weight }

  /// Adds a file and the places of its blobs.
  mutating func add(
    _ folder: TargetFolder, _ name: [UInt8], _ metadata: NodeMetadata, _ place: PlannedFile.Place,
    _ blobs: [(id: BlobID, place: BlobLocation)], size: Int, first: FirstName?, skipsZeros: Bool
  ) {
    let start = batch.pieces.count
    let number = UInt32(batch.files.count)
    var offset = 0
    for (id, location) in blobs where place != .equal {
      let length = location.plaintextLength
      if skipsZeros, place == .free, id == zeroChunk {
        batch.skippedZeros += length
      } else {
        batch.pieces.append(
          Piece(
            blob: id, pack: packNumber(location.pack), offset: location.offset, length: location.length,
            uncompressedLength: location.uncompressedLength, file: number, fileOffset: offset))
      }
      offset += length
    }
    batch.files.append(
      PlannedFile(
        folder: folder, name: name, metadata: metadata, place: place, size: size, pieces: start..<batch.pieces.count,
        first: first))
  }

  mutating func add(_ node: PlannedNode) { batch.nodes.append(node) }

  mutating func add(_ link: PlannedLink) { batch.links.append(link) }

  mutating func finished(_ folder: TargetFolder, _ metadata: NodeMetadata) {
    batch.finished.append((folder, metadata))
  }

  /// The batch so far; the builder begins another.
  mutating func take() -> Batch {
    defer { self = BatchBuilder() }
    return batch
  }

  private mutating func packNumber(_ pack: PackID) -> UInt32 {
    if let last = batch.pieces.last, batch.packs[Int(last.pack)] == pack { return last.pack }
    if let number = packNumbers[pack] { return number }
    let number = UInt32(batch.packs.count)
    batch.packs.append(pack)
    packNumbers[pack] = number
    return number
  }
}

/// The hash of 512 KiB of zeros: how restic and we keep a hole.
private let zeroChunk = BlobID(
  words: (0x0785_4d2f_ef29_7a06, 0xba81_685e_660c_332d, 0xe36d_5d18_d546_927d, 0x30da_ad6d_7fda_1541))
