/// What a driver found that can be a volume of an inventory.
public struct DiscoveredVolume: Sendable, Equatable {
  /// What it could be called in an inventory: made of the last name of its path, and no other one's in the same list.
  public var name: String
  /// An absolute path.
  public var path: String
  /// Whether it is a folder, or an image or device.
  public var kind: DriverCapabilities.Kind
  /// The size of an image or device in bytes; nil where the driver can't tell cheaply.
  public var bytes: Int?
  /// What a person who chooses should know, in a few words: `mounted`, `read-only`.
  public var note: String?

  /// A volume with the name that its path proposes.
  public init(path: String, kind: DriverCapabilities.Kind, bytes: Int? = nil, note: String? = nil) {
    name = Self.name(for: path)
    self.path = path
    self.kind = kind
    self.bytes = bytes
    self.note = note.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A name such as documents allow: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends.
  static func name(for path: String) -> String {
    let marks: [Character] = ["-", "."]
    let allowed = (path.split(separator: "/").last ?? "root").lowercased().unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "0"..."9", ".", "-": Character(scalar)
      default: "-"
      }
    }
    // Short enough for a number behind it.
    var name = allowed.drop { marks.contains($0) }.prefix(90)
    while let last = name.last, marks.contains(last) { name.removeLast() }
    return name.isEmpty ? "data" : String(name)
  }

  /// The same, with a number behind each name that another one has already.
  static func distinct(_ volumes: [Self]) -> [Self] {
    var taken: Set<String> = []
    var numbers: [String: Int] = [:]
    return volumes.map { volume in
      var named = volume
      while !taken.insert(named.name).inserted {
        let number = numbers[volume.name, default: 1] + 1
        numbers[volume.name] = number
        named.name = "\(volume.name)-\(number)"
      }
      return named
    }
  }
}

extension VolumeDriver {
  /// What lies at a path as a volume of this driver, so that it can be looked at as one.
  func candidate(_ path: String) -> VolumeSource {
    VolumeSource(application: "", name: DiscoveredVolume.name(for: path), driver: name, path: path)
  }
}
