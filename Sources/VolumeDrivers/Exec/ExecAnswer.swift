internal import Glibc
internal import JSON

/// Reads what a driver program answered. Nothing of it is trusted: each member is checked, and what is wrong is named.
struct ExecAnswer {
  private let call: ExecCall
  private let json: JSONValue

  /// Makes the call.
  init(_ call: ExecCall) async throws(DriverError) {
    self.call = call
    json = try await call.answer()
  }

  func capabilities() throws(DriverError) -> DriverCapabilities {
    guard let kind = json["kind"]?.string.flatMap(DriverCapabilities.Kind.init(rawValue:)) else {
      throw wrong("\"kind\" must be \"folder\" or \"image\"")
    }
    var warnings: [String] = []
    if let list = try optional("warnings", json["warnings"]?.array, "a list of texts") {
      guard list.count <= 100 else { throw wrong("\"warnings\" has more than 100 texts") }
      for entry in list {
        guard let text = entry.string else { throw wrong("\"warnings\" must be a list of texts") }
        warnings.append(printable(text.prefix(1000)))
      }
    }
    return DriverCapabilities(
      isCrashConsistent: try flag("crashConsistent"), canWriteClones: try flag("writableClones"),
      keepsSnapshots: try flag("keepsSnapshots"), worksWhileFrozen: try flag("worksWhileFrozen"), kind: kind,
      warnings: warnings)
  }

  func volumes() throws(DriverError) -> [DiscoveredVolume] {
    guard let list = json["volumes"]?.array else { throw wrong("\"volumes\" must be a list") }
    var volumes: [DiscoveredVolume] = []
    for entry in list {
      guard let kind = entry["kind"]?.string.flatMap(DriverCapabilities.Kind.init(rawValue:)),
        let path = Self.absolutePath(entry)
      else {
        throw wrong("each of \"volumes\" needs an absolute \"path\", and \"kind\", \"folder\" or \"image\"")
      }
      let note = entry["note"] ?? .null
      guard note == .null || note.string != nil else { throw wrong("\"note\" must be text") }
      volumes.append(
        DiscoveredVolume(
          path: path, kind: kind, bytes: try number("bytes", entry), note: note.string.map { printable($0.prefix(200)) }
        ))
    }
    return volumes
  }

  func snapshot(named name: String) throws(DriverError) -> DriverObject {
    if let given = try optional("name", json["name"]?.string, "text"), given != name {
      throw wrong("\"name\" is not the name that was asked for")
    }
    return DriverObject(
      kind: .snapshot, name: name, createdAt: try moment("createdAt", json), bytes: try number("bytes", json))
  }

  func readiness() throws(DriverError) -> SnapshotReadiness {
    switch json["state"]?.string {
    case "ready": return .ready(bytes: try number("bytes", json))
    case "missing": return .missing
    case "waiting":
      let seconds = try optional("checkAfter", json["checkAfter"]?.double, "a number of seconds") ?? 5
      guard seconds >= 0, seconds <= 3600 else { throw wrong("\"checkAfter\" must be 0 to 3600 seconds") }
      let reason = try optional("reason", json["reason"]?.string, "text") ?? "the driver is still at work"
      return .notReady(reason: printable(reason.prefix(1000)), checkAfter: .milliseconds(Int64(seconds * 1000)))
    default: throw wrong("\"state\" must be \"ready\", \"waiting\" or \"missing\"")
    }
  }

  func clone(named name: String) throws(DriverError) -> DriverClone {
    guard let path = Self.absolutePath(json) else { throw wrong("\"path\" must be an absolute path") }
    switch json["place"]?.string {
    case "folder": return DriverClone(name: name, place: .folder(path))
    case "image": return DriverClone(name: name, place: .image(path))
    case "device": return DriverClone(name: name, place: .device(path))
    default: throw wrong("\"place\" must be \"folder\", \"image\" or \"device\"")
    }
  }

  func ranges() throws(DriverError) -> [Range<Int>]? {
    guard let list = try optional("ranges", json["ranges"]?.array, "a list, or null") else { return nil }
    var ranges: [Range<Int>] = []
    for entry in list {
      guard let pair = entry.array, pair.count == 2, let start = pair[0].int, let end = pair[1].int, start < end,
        start >= Int64(ranges.last?.upperBound ?? 0)
      else { throw wrong("\"ranges\" must be pairs [start, end] of bytes in order, none in another one") }
      ranges.append(Int(start)..<Int(end))
    }
    return ranges
  }

  func objects() throws(DriverError) -> [DriverObject] {
    guard let list = json["objects"]?.array else { throw wrong("\"objects\" must be a list") }
    var objects: [DriverObject] = []
    for entry in list {
      guard let kind = entry["kind"]?.string.flatMap(DriverObject.Kind.init(rawValue:)),
        let name = entry["name"]?.string, ObjectName.isAllowed(name)
      else {
        throw wrong(
          "each of \"objects\" needs \"kind\" (\"snapshot\" or \"clone\") and a \"name\" such as ours: leave out what isn't ours"
        )
      }
      objects.append(
        DriverObject(
          kind: kind, name: name, createdAt: try moment("createdAt", entry), bytes: try number("bytes", entry)))
    }
    return objects
  }

  private static func absolutePath(_ json: JSONValue) -> String? {
    guard let path = json["path"]?.string, path.hasPrefix("/"), path.utf8.count < 4096, !path.utf8.contains(0) else {
      return nil
    }
    return path
  }

  private func flag(_ key: String) throws(DriverError) -> Bool {
    guard let value = json[key]?.bool else { throw wrong("\"\(key)\" must be true or false") }
    return value
  }

  private func number(_ key: String, _ json: JSONValue) throws(DriverError) -> Int? {
    switch json[key] ?? .null {
    case .null: return nil
    case .int(let value) where value >= 0: return Int(value)
    default: throw wrong("\"\(key)\" must be a whole number that isn't negative")
    }
  }

  /// Clocks differ, but not by a day: what is later was not told in seconds.
  private func moment(_ key: String, _ json: JSONValue) throws(DriverError) -> Int? {
    guard let seconds = try number(key, json) else { return nil }
    guard seconds <= time(nil) + 24 * 3600 else { throw wrong("\"\(key)\" must be seconds since 1970") }
    return seconds
  }

  /// A member that may be missing or null; `value` is nil also where it is of another sort.
  private func optional<T>(_ key: String, _ value: T?, _ sort: String) throws(DriverError) -> T? {
    guard value == nil, let found = json[key], found != .null else { return value }
    throw wrong("\"\(key)\" must be \(sort)")
  }

  private func wrong(_ what: String) -> DriverError {
    call.failure(.permanent, "answered what the contract doesn't allow: \(what)")
  }
}
