internal import Glibc
internal import Synchronization
internal import Wording

/// The IANA time zones, read from the system's tzdata package as they are asked for.
///
/// Zones are kept once read: a process sees one version of a zone for as long as it lives.
public final class TimeZoneDatabase: Sendable {
  /// The folders that are searched, in this order.
  public let folders: [String]
  private let zones = Mutex<[String: TimeZoneRules]>([:])

  /// The system's own: the folder that the environment's `TZDIR` names, as glibc has it, and `/usr/share/zoneinfo`.
  public static let system = TimeZoneDatabase(
    folders: (getenv("TZDIR").map { [String(cString: $0)] } ?? []).filter { !$0.isEmpty } + ["/usr/share/zoneinfo"])

  /// Zones from these folders, searched in this order. Reads nothing yet.
  public init(folders: [String]) { self.folders = folders }

  /// The zone of this IANA name. `UTC` needs no data; any other is read from its file, the first time.
  /// - Throws: `TimeZoneError` if there is no such zone, no data at all, or its file is damaged.
  public func zone(named name: String) throws(TimeZoneError) -> TimeZoneRules {
    guard let zone = try zoneIfPresent(named: name) else { throw unknown(name) }
    return zone
  }

  /// The zone of this IANA name; nil if there is none, without the work of looking for names that are near.
  /// - Throws: `TimeZoneError` if its file is damaged.
  public func zoneIfPresent(named name: String) throws(TimeZoneError) -> TimeZoneRules? {
    if name == "UTC" || name == "Etc/UTC" { return .utc }
    if let zone = zones.withLock({ $0[name] }) { return zone }
    guard isZoneName(name) else { return nil }
    for folder in folders {
      guard let bytes = readZoneFile(folder + "/" + name) else { continue }
      let zone: TimeZoneRules
      do throws(TZifError) {
        zone = try TZif.parse(bytes, name: name)
      } catch {
        throw TimeZoneError(damaged: name, file: folder + "/" + name, reason: error.reason)
      }
      zones.withLock { $0[name] = zone }
      return zone
    }
    return nil
  }

  /// The names of all zones, sorted. Reads the folders each time.
  public func names() -> [String] {
    var found: Set<String> = []
    for folder in folders { collectZoneNames(in: folder, prefix: "", depth: 0, into: &found) }
    return found.sorted()
  }

  private func unknown(_ name: String) -> TimeZoneError {
    let names = names()
    if names.isEmpty { return TimeZoneError(noDataFor: name, folders: folders) }
    // A city alone is the commonest slip.
    let cities = names.filter { $0.split(separator: "/").last?.lowercased() == name.lowercased() }
    return TimeZoneError(unknown: name, suggestions: cities.isEmpty ? nearestNames(to: name, among: names) : cities)
  }
}

/// A time zone that could not be had.
public struct TimeZoneError: Error, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Kind: Sendable, Equatable {
    /// No zone has this name.
    case unknownName
    /// The machine has no time zone data.
    case noData
    /// The zone's file cannot be used.
    case damagedFile
  }

  /// What kind of failure this is.
  public let kind: Kind
  /// The names that come nearest, best first; at most three.
  public let suggestions: [String]
  /// What is wrong and what to do, in one sentence.
  public let description: String

  init(unknown name: String, suggestions: [String]) {
    kind = .unknownName
    self.suggestions = Array(suggestions.prefix(3))
    let hint =
      suggestions.isEmpty
      ? "use an IANA name such as 'Europe/Berlin'" : "did you mean \(alternatives(self.suggestions))?"
    description = "unknown time zone \(quotedForMessage(name)); \(hint)"
  }

  init(noDataFor name: String, folders: [String]) {
    kind = .noData
    suggestions = []
    description =
      "no time zone data for \(quotedForMessage(name)) in \(folders.joined(separator: " or ")); install tzdata"
  }

  init(damaged name: String, file: String, reason: String) {
    kind = .damagedFile
    suggestions = []
    description = "cannot use time zone \(quotedForMessage(name)): \(reason) (\(file)); reinstall tzdata"
  }
}

/// Whether this can be an IANA name: short, of letters, digits and `_+-` between slashes, and no way out of the folder.
private func isZoneName(_ name: String) -> Bool {
  guard name.utf8.count <= 64, !notZones.contains(name) else { return false }
  let parts = name.split(separator: "/", omittingEmptySubsequences: false)
  return parts.count <= 3 && !notZones.contains(String(parts[0]))
    && parts.allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
          default: false
          }
        }
    }
}

/// Entries beside the zones: the machine's own zone differs between nodes, `right` counts leap seconds, `posix` repeats.
private let notZones: Set<String> = ["localtime", "posixrules", "leapseconds", "right", "posix"]

/// The bytes of a regular file of a sensible size; nil if there is none.
private func readZoneFile(_ path: String) -> [UInt8]? {
  let largest = 1 << 18  // real ones have up to 4 KB
  let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe of that name must not block
  guard file >= 0 else { return nil }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else { return nil }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return nil }
    filled += count
  }
  return bytes
}

private func collectZoneNames(in folder: String, prefix: String, depth: Int, into names: inout Set<String>) {
  guard depth < 3, names.count < 5000, let directory = opendir(folder) else { return }
  defer { closedir(directory) }
  while let entry = readdir(directory) {
    let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard isZoneName(prefix + name) else { continue }
    if isFolder {
      collectZoneNames(in: folder + "/" + name, prefix: prefix + name + "/", depth: depth + 1, into: &names)
    } else {
      names.insert(prefix + name)
    }
  }
}
