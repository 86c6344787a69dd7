/// Who works with the repository right now, and whether alone (restic-format section 10).
public struct LockFile: Sendable, Equatable {
  /// When it was taken or last refreshed.
  public var time: Snapshot.Moment
  /// Whether its holder wants to be alone.
  public var exclusive: Bool
  /// The holder's machine.
  public var hostname: String
  /// Who runs the holder.
  public var username: String
  /// The holder's process on its machine.
  public var pid: Int
  /// The number of who runs the holder.
  public var uid: UInt32
  /// The group of who runs the holder.
  public var gid: UInt32
  /// What tells the holder from all other processes, in our own words; empty in restic's locks. It ignores the member.
  public var processMark = ""

  /// A lock of these members.
  public init(
    time: Snapshot.Moment, exclusive: Bool, hostname: String, username: String, pid: Int, uid: UInt32, gid: UInt32
  ) {
    self.time = time
    self.exclusive = exclusive
    self.hostname = hostname
    self.username = username
    self.pid = pid
    self.uid = uid
    self.gid = gid
  }

  /// The lock that a file's JSON describes. One without a time is from 1970, which makes it stale.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    self = try JSONReader.read(bytes, "lock") { reader throws(FormatError) in
      var lock = LockFile(
        time: Snapshot.Moment(seconds: 0, nanoseconds: 0), exclusive: false, hostname: "", username: "", pid: 0, uid: 0,
        gid: 0)
      try reader.object { reader, key throws(FormatError) in
        switch key {
        case "time": lock.time = Snapshot.Moment(try reader.time())
        case "exclusive": lock.exclusive = try reader.boolean()
        case "hostname": lock.hostname = try reader.string()
        case "username": lock.username = try reader.string()
        case "pid": lock.pid = try reader.integer()
        case "uid": lock.uid = try reader.unsigned32()
        case "gid": lock.gid = try reader.unsigned32()
        case "holdfast": lock.processMark = try reader.string()
        default: try reader.skip()
        }
      }
      return lock
    }
  }

  /// The JSON of its file.
  public func encoded() -> [UInt8] {
    var json: [UInt8] = []
    json.putMember("{\"time\":", time)
    json.put(exclusive ? ",\"exclusive\":true" : ",\"exclusive\":false")
    json.putMember(",\"hostname\":", hostname)
    json.putMember(",\"username\":", username)
    json.put(",\"pid\":")
    json.putNumber(pid)
    if uid != 0 { json.putMember(",\"uid\":", UInt64(uid)) }
    if gid != 0 { json.putMember(",\"gid\":", UInt64(gid)) }
    if !processMark.isEmpty { json.putMember(",\"holdfast\":", processMark) }
    json.put("}")
    return json
  }
}
