internal import Cryptography

extension Snapshot {
  /// The snapshot that a file's JSON describes.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    self = try JSONReader.read(bytes, "snapshot") { reader throws(FormatError) in
      var time: Moment?
      var tree: BlobID?
      var snapshot = Snapshot(time: Moment(seconds: 0, nanoseconds: 0), tree: BlobID(words: (0, 0, 0, 0)), paths: [])
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "time": time = Moment(try reader.time())
        case "parent": snapshot.parent = try reader.digest()
        case "tree": tree = try reader.digest()
        case "paths": snapshot.paths = try reader.strings()
        case "hostname": snapshot.hostname = try reader.string()
        case "username": snapshot.username = try reader.string()
        case "uid": snapshot.uid = try reader.unsigned32()
        case "gid": snapshot.gid = try reader.unsigned32()
        case "excludes": snapshot.excludes = try reader.strings()
        case "tags": snapshot.tags = try reader.strings()
        case "original": snapshot.original = try reader.digest()
        case "program_version": snapshot.programVersion = try reader.string()
        case "summary": snapshot.summary = try Summary(&reader)
        default: try reader.skip()
        }
      }
      guard let time, let tree else { throw reader.damaged("it has no time, or no tree") }
      snapshot.time = time
      snapshot.tree = tree
      return snapshot
    }
  }

  /// The JSON of its file, as restic writes it.
  public func encoded() -> [UInt8] {
    var json: [UInt8] = []
    json.putMember("{\"time\":", time)
    if let parent {
      json.put(",\"parent\":")
      json.putDigest(parent)
    }
    json.put(",\"tree\":")
    json.putDigest(tree)
    json.put(",\"paths\":")
    json.putStrings(paths)
    if !hostname.isEmpty { json.putMember(",\"hostname\":", hostname) }
    if !username.isEmpty { json.putMember(",\"username\":", username) }
    if uid != 0 { json.putMember(",\"uid\":", UInt64(uid)) }
    if gid != 0 { json.putMember(",\"gid\":", UInt64(gid)) }
    if !excludes.isEmpty {
      json.put(",\"excludes\":")
      json.putStrings(excludes)
    }
    if !tags.isEmpty {
      json.put(",\"tags\":")
      json.putStrings(tags)
    }
    if let original {
      json.put(",\"original\":")
      json.putDigest(original)
    }
    if !programVersion.isEmpty { json.putMember(",\"program_version\":", programVersion) }
    summary?.append(to: &json)
    json.put("}")
    return json
  }
}

extension Snapshot.Summary {
  fileprivate init(_ reader: inout JSONReader) throws(FormatError) {
    var summary = Self()
    try reader.object { reader, key throws(FormatError) in
      switch key {
      case "backup_start": summary.backupStart = Snapshot.Moment(try reader.time())
      case "backup_end": summary.backupEnd = Snapshot.Moment(try reader.time())
      case "files_new": summary.filesNew = try reader.integer()
      case "files_changed": summary.filesChanged = try reader.integer()
      case "files_unmodified": summary.filesUnmodified = try reader.integer()
      case "dirs_new": summary.dirsNew = try reader.integer()
      case "dirs_changed": summary.dirsChanged = try reader.integer()
      case "dirs_unmodified": summary.dirsUnmodified = try reader.integer()
      case "data_blobs": summary.dataBlobs = try reader.integer()
      case "tree_blobs": summary.treeBlobs = try reader.integer()
      case "data_added": summary.dataAdded = try reader.integer()
      case "data_added_packed": summary.dataAddedPacked = try reader.integer()
      case "total_files_processed": summary.totalFilesProcessed = try reader.integer()
      case "total_bytes_processed": summary.totalBytesProcessed = try reader.integer()
      default: try reader.skip()
      }
    }
    self = summary
  }

  fileprivate func append(to json: inout [UInt8]) {
    json.putMember(",\"summary\":{\"backup_start\":", backupStart)
    json.putMember(",\"backup_end\":", backupEnd)
    func put(_ name: StaticString, _ value: Int) {
      json.put(name)
      json.putNumber(value)
    }
    put(",\"files_new\":", filesNew)
    put(",\"files_changed\":", filesChanged)
    put(",\"files_unmodified\":", filesUnmodified)
    put(",\"dirs_new\":", dirsNew)
    put(",\"dirs_changed\":", dirsChanged)
    put(",\"dirs_unmodified\":", dirsUnmodified)
    put(",\"data_blobs\":", dataBlobs)
    put(",\"tree_blobs\":", treeBlobs)
    put(",\"data_added\":", dataAdded)
    put(",\"data_added_packed\":", dataAddedPacked)
    put(",\"total_files_processed\":", totalFilesProcessed)
    put(",\"total_bytes_processed\":", totalBytesProcessed)
    json.put("}")
  }
}
