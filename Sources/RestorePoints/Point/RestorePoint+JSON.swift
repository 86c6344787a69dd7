public import JSON
internal import ResticFormat

extension RestorePoint {
  /// Names and paths are no longer than this.
  private static let longestText = 500
  /// No application has more.
  private static let mostVolumes = 10_000

  /// From JSON, to be recorded, or as it was sealed. Members that are not known are passed over: a newer version may have written
  /// them.
  /// - Throws: `RestorePointError` for what is missing or has another type than it should, and for a volume whose name no folder can
  ///   have.
  public init(json: JSONValue) throws(RestorePointError) {
    try self.init(catalogued: json)
    for volume in volumes where !Volume.isFolderName(volume.name) {
      let shown = JSONValue.string(volume.name).text
      throw RestorePointError("restore point \(name): \(shown) is no name for a volume, since no folder can have it")
    }
  }

  /// As the catalogue has it. What it took before names of volumes were checked is a point like any other.
  init(catalogued json: JSONValue) throws(RestorePointError) {
    guard json.object != nil else { throw RestorePointError("a restore point has to be a JSON object") }
    let name = try Self.text(json, "name", of: "a restore point")
    let what = "restore point \(name)"
    guard let consistency = json["consistency"]?.string.flatMap(Consistency.init) else {
      throw RestorePointError("\(what): \"consistency\" has to be application, crash or none")
    }
    guard let createdAt = try Self.time(json, "createdAt", of: what) else {
      throw RestorePointError("\(what) needs \"createdAt\", a time")
    }
    guard let list = json["volumes"]?.array, list.count <= Self.mostVolumes else {
      throw RestorePointError("\(what) needs \"volumes\", a list of at most \(Self.mostVolumes)")
    }
    var volumes: [Volume] = []
    for element in list { volumes.append(try Volume(json: element, of: what)) }
    guard Set(volumes.map(\.name)).count == volumes.count else {
      throw RestorePointError("\(what) lists a volume twice")
    }
    let artifacts = try Self.object(json, "artifacts", of: what) ?? [:]
    guard !volumes.isEmpty || !artifacts.isEmpty else {
      throw RestorePointError("\(what) has neither volumes nor artifacts, so there is nothing to restore")
    }
    self.init(
      name: name, application: try Self.text(json, "application", of: what),
      policy: try Self.optionalText(json, "policy", of: what),
      profile: try Self.optionalText(json, "profile", of: what),
      run: json["run"]?.int, createdAt: createdAt, consistency: consistency, artifacts: artifacts,
      expiresAt: try Self.time(json, "expiresAt", of: what), lockUntil: try Self.time(json, "lockUntil", of: what),
      volumes: volumes)
  }

  /// As it is recorded and sealed.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "application": .string(application), "createdAt": .string(createdAt.rfc3339),
      "consistency": .string(consistency.rawValue), "artifacts": .object(artifacts),
      "volumes": .array(volumes.map(\.json)),
    ]
    members["policy"] = policy.map { .string($0) }
    members["profile"] = profile.map { .string($0) }
    members["run"] = run.map { .int($0) }
    members["expiresAt"] = expiresAt.map { .string($0.rfc3339) }
    members["lockUntil"] = lockUntil.map { .string($0.rfc3339) }
    return .object(members)
  }

  static func text(_ json: JSONValue, _ key: String, of what: String) throws(RestorePointError) -> String {
    guard let text = json[key]?.string, !text.isEmpty, text.utf8.count <= longestText else {
      throw RestorePointError("\(what) needs \"\(key)\", a text of at most \(longestText) characters")
    }
    return text
  }

  static func optionalText(_ json: JSONValue, _ key: String, of what: String) throws(RestorePointError) -> String? {
    guard let value = json[key], value != .null, value != "" else { return nil }
    guard let text = value.string else { throw RestorePointError("\(what): \"\(key)\" has to be a text") }
    return text
  }

  static func time(_ json: JSONValue, _ key: String, of what: String) throws(RestorePointError) -> Snapshot.Moment? {
    guard let value = json[key], value != .null else { return nil }
    guard let time = value.string.flatMap(Snapshot.Moment.init(rfc3339:)) else {
      throw RestorePointError("\(what): \"\(key)\" is not a time like 2026-11-28T14:22:33Z")
    }
    return time
  }

  static func object(
    _ json: JSONValue, _ key: String, of what: String
  ) throws(RestorePointError) -> [String: JSONValue]? {
    guard let value = json[key], value != .null else { return nil }
    guard let object = value.object else { throw RestorePointError("\(what): \"\(key)\" has to be an object") }
    return object
  }
}

extension RestorePoint.Volume {
  fileprivate init(json: JSONValue, of point: String) throws(RestorePointError) {
    let name = try RestorePoint.text(json, "name", of: "a volume of \(point)")
    let what = "\(point), volume \(name)"
    let snapshot = try RestorePoint.optionalText(json, "snapshot", of: what)
    let export = try RestorePoint.optionalText(json, "export", of: what)
    guard snapshot != nil || export != nil else {
      throw RestorePointError("\(what) has neither a snapshot nor an export, so it could not be restored")
    }
    if let export {
      guard export.utf8.count == 64, export.utf8.allSatisfy(Self.isHexadecimal) else {
        throw RestorePointError("\(what): \"export\" has to be 64 hexadecimal digits")
      }
    }
    self.init(
      name: name, driver: try RestorePoint.optionalText(json, "driver", of: what) ?? "",
      node: try RestorePoint.optionalText(json, "node", of: what),
      source: .object(try RestorePoint.object(json, "source", of: what) ?? [:]), snapshot: snapshot, export: export,
      bytes: try Self.count(json, "bytes", of: what), addedBytes: try Self.count(json, "addedBytes", of: what),
      files: try Self.count(json, "files", of: what))
  }

  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "driver": .string(driver), "source": source, "bytes": .int(bytes),
      "addedBytes": .int(addedBytes), "files": .int(files),
    ]
    members["node"] = node.map { .string($0) }
    members["snapshot"] = snapshot.map { .string($0) }
    members["export"] = export.map { .string($0) }
    return .object(members)
  }

  private static func count(_ json: JSONValue, _ key: String, of what: String) throws(RestorePointError) -> Int64 {
    guard let value = json[key], value != .null else { return 0 }
    guard let count = value.int, (0..<1_000_000_000_000_000_000).contains(count) else {
      throw RestorePointError("\(what): \"\(key)\" has to be a whole number")
    }
    return count
  }

  /// Whether a folder can be called so: a restore into one makes a folder of this name there. As in sql/functions/point_problem.sql.
  public static func isFolderName(_ name: String) -> Bool {
    !["", ".", ".."].contains(name)
      && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
