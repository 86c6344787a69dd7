/// What packs hold (restic-format section 7).
public struct IndexFile: Sendable {
  /// Index files that this one replaces; only old versions of restic wrote any.
  public var supersedes: [FileID] = []
  /// Packs with all their blobs, in the order of the file.
  public var packs: [(id: PackID, blobs: [PackedBlob])] = []

  /// Bytes of one blob's JSON, more or less.
  private static let bytesPerBlob = 170

  /// The JSON of an index of these packs.
  public static func encode(_ packs: [(id: PackID, blobs: [PackedBlob])]) -> [UInt8] {
    var json: [UInt8] = []
    json.reserveCapacity(packs.reduce(100) { $0 + 100 + $1.blobs.count * bytesPerBlob })
    json.put("{\"packs\":[")
    for (position, pack) in packs.enumerated() {
      json.put(position > 0 ? ",{\"id\":" : "{\"id\":")
      json.putDigest(pack.id)
      json.put(",\"blobs\":[")
      for (position, blob) in pack.blobs.enumerated() {
        json.put(position > 0 ? ",{\"id\":" : "{\"id\":")
        json.putDigest(blob.id)
        json.put(blob.type == .data ? ",\"type\":\"data\",\"offset\":" : ",\"type\":\"tree\",\"offset\":")
        json.putNumber(UInt64(blob.offset))
        json.putMember(",\"length\":", UInt64(blob.length))
        if blob.isCompressed { json.putMember(",\"uncompressed_length\":", UInt64(blob.uncompressedLength)) }
        json.put("}")
      }
      json.put("]}")
    }
    json.put("]}\n")
    return json
  }

  /// The index that JSON describes.
  public static func decode(_ json: [UInt8]) throws(FormatError) -> IndexFile {
    try JSONReader.read(json, "index") { reader throws(FormatError) in
      var file = IndexFile()
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "supersedes": file.supersedes = try reader.digests()
        case "packs":
          file.packs.removeAll()
          try reader.array { reader throws(FormatError) in file.packs.append(try reader.pack()) }
        default: try reader.skip()
        }
      }
      return file
    }
  }
}

extension JSONReader {
  fileprivate mutating func pack() throws(FormatError) -> (id: PackID, blobs: [PackedBlob]) {
    var id: PackID?
    var blobs: [PackedBlob] = []
    try object { reader, key throws(FormatError) in
      switch key {
      case "id": id = try reader.digest()
      case "blobs":
        blobs.removeAll()
        try reader.array { reader throws(FormatError) in blobs.append(try reader.packedBlob()) }
      default: try reader.skip()
      }
    }
    guard let id else { throw damaged("a pack has no id") }
    return (id, blobs)
  }

  private mutating func packedBlob() throws(FormatError) -> PackedBlob {
    var id: BlobID?
    var type: BlobType?
    var offset: UInt32 = 0
    var length: UInt32 = 0
    var uncompressedLength: UInt32 = 0
    try object { reader, key throws(FormatError) in
      switch key {
      case "id": id = try reader.digest()
      case "type": type = try reader.blobType()
      case "offset": offset = try reader.unsigned32()
      case "length": length = try reader.unsigned32()
      case "uncompressed_length": uncompressedLength = try reader.unsigned32()
      default: try reader.skip()
      }
    }
    guard let id, let type else { throw damaged("a blob has no id, or no type") }
    guard length >= 32, !offset.addingReportingOverflow(length).overflow else {
      throw damaged("a blob lies where none can be")
    }
    return PackedBlob(id: id, type: type, offset: offset, length: length, uncompressedLength: uncompressedLength)
  }

  private mutating func blobType() throws(FormatError) -> BlobType {
    if takeWord("\"data\"") { return .data }
    guard takeWord("\"tree\"") else { throw damaged("a blob has an unknown type") }
    return .tree
  }
}
