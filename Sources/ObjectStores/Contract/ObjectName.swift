public import Cryptography
internal import Wording

/// What kinds of object a repository consists of, in restic's words and two of our own.
public enum ObjectKind: String, Sendable, CaseIterable, Codable {
  /// The one object that makes a place a repository.
  case config
  /// A password's key; `keys/`.
  case key
  /// Who works with the repository; `locks/`.
  case lock
  /// `snapshots/`.
  case snapshot
  /// Where blobs are; `index/`.
  case index
  /// Blobs; `data/`, in folders by the first two digits of the name except over restic's REST protocol.
  case pack
  /// What an unfinished backup has done already; `holdfast/journal/`, which restic ignores.
  case journal
  /// What a restore point consists of; `holdfast/points/`, which restic ignores.
  case point
}

/// The name of one object in a repository.
public struct ObjectName: Hashable, Sendable {
  /// What it is.
  public let kind: ObjectKind
  /// 64 lower-case hexadecimal digits; `config` for the config; letters, digits, `-`, `_` and `.` for journals and points.
  public let name: String

  /// An object of a kind with this name.
  public init(_ kind: ObjectKind, _ name: String) {
    self.kind = kind
    self.name = name
  }

  /// The config.
  public static let config = ObjectName(.config, "config")
}

extension ObjectName: CustomStringConvertible {
  /// The path below the repository's root: `data/ab/ab…`, `config`.
  public var description: String { path }

  /// The path below the repository's root in restic's layout: `data/ab/ab…`, `keys/…`, `config`.
  public var path: String {
    switch kind {
    case .config: "config"
    case .pack: "data/\(name.prefix(2))/\(name)"
    case .key, .lock, .snapshot: "\(kind.rawValue)s/\(name)"
    case .index: "index/\(name)"
    case .journal: "holdfast/journal/\(name)"
    case .point: "holdfast/points/\(name)"
    }
  }
}

extension ObjectName {
  /// The name as a hash; nil for the config, journals and points, which are not named by what they hold.
  public var digest: SHA256Digest? {
    switch kind {
    case .config, .journal, .point: nil
    case .key, .lock, .snapshot, .index, .pack: SHA256Digest(name)
    }
  }

  /// Whether the name fits its kind. Any other could reach outside its folder, or name what no listing shows.
  public var isValid: Bool {
    switch kind {
    case .config: return name == "config"
    case .key, .lock, .snapshot, .index, .pack: return digest != nil
    case .journal, .point:
      let isPlain = name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
      return isPlain && (1...200).contains(name.utf8.count) && !name.hasPrefix(".")
        && !name.contains(temporaryMark)
    }
  }

  /// Itself, or an error: names come from listings, indexes and journals that others wrote.
  func checked() throws(StoreError) -> ObjectName {
    guard isValid else {
      throw StoreError(
        .failed, "\(kind.rawValue) \(quotedForMessage(name))", "is no name that an object can have")
    }
    return self
  }
}

/// What the names of half-written files hold between the object's name and a random number.
let temporaryMark = "-tmp-"

/// An object as a listing shows it.
public struct ObjectListing: Hashable, Sendable {
  /// The object's name.
  public let name: String
  /// Its length in bytes.
  public let size: Int

  /// An entry of a listing.
  public init(name: String, size: Int) {
    self.name = name
    self.size = size
  }
}
