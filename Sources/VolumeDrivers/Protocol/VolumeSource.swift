public import JSON

/// A volume as an inventory names it: which driver serves it, and where its data is.
public struct VolumeSource: Sendable, Equatable {
  /// The application that it belongs to.
  public var application: String
  /// Its name within the application.
  public var name: String
  /// The driver: `btrfs`, `reflink`, `directory`, `exec`.
  public var driver: String
  /// An absolute path: a folder, an image file, or what the program of `exec` takes for one.
  public var path: String
  /// The program of `exec`, an absolute path.
  public var program: String?
  /// Settings for the driver, handed on to the program of `exec` as they are.
  public var options: [String: String]
  /// Where copies are kept, an absolute path; nil leaves the choice to the driver.
  public var snapshotFolder: String?

  /// A volume of an inventory.
  public init(
    application: String, name: String, driver: String, path: String, program: String? = nil,
    options: [String: String] = [:], snapshotFolder: String? = nil
  ) {
    self.application = application
    self.name = name
    self.driver = driver
    self.path = path
    self.program = program
    self.options = options
    self.snapshotFolder = snapshotFolder
  }

  /// Reads the JSON that `json` gives. Members that it doesn't know (node, exclude, …) are left alone.
  ///
  /// `{"application", "name", "driver", "path", "program"?, "options"?: {text}, "snapshotFolder"?}`; `application` may be missing.
  /// - Throws: `DriverError` of kind `.permanent` that says which member is wrong.
  public init(json: JSONValue) throws(DriverError) {
    guard json.object != nil else {
      throw DriverError(.permanent, "a volume must be an object with name, driver and path.")
    }
    application = try Self.text(json, "application") ?? ""
    name = try Self.required(json, "name")
    driver = try Self.required(json, "driver")
    path = try Self.absolute(Self.required(json, "path"), "path")
    program = try Self.text(json, "program")
    if let folder = try Self.text(json, "snapshotFolder") {
      snapshotFolder = try Self.absolute(folder, "snapshotFolder")
    } else {
      snapshotFolder = nil
    }
    options = [:]
    switch json["options"] ?? .null {
    case .null: break
    case .object(let members):
      for (key, value) in members {
        switch value {
        case .string(let text): options[key] = text
        case .int, .double, .bool: options[key] = value.text
        default: throw DriverError(.permanent, "the volume's option \"\(printable(key.prefix(80)))\" must be text.")
        }
      }
    default: throw DriverError(.permanent, "the volume's \"options\" must be an object of texts.")
    }
  }

  /// The volume as JSON; what is not set is left out.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "application": .string(application), "name": .string(name), "driver": .string(driver), "path": .string(path),
    ]
    if let program { members["program"] = .string(program) }
    if let snapshotFolder { members["snapshotFolder"] = .string(snapshotFolder) }
    if !options.isEmpty { members["options"] = .object(options.mapValues { .string($0) }) }
    return .object(members)
  }

  private static func text(_ json: JSONValue, _ key: String) throws(DriverError) -> String? {
    switch json[key] ?? .null {
    case .null: return nil
    case .string(let value) where !value.utf8.contains(0): return value.isEmpty ? nil : value
    default: throw DriverError(.permanent, "the volume's \"\(key)\" must be text.")
    }
  }

  private static func required(_ json: JSONValue, _ key: String) throws(DriverError) -> String {
    guard let value = try text(json, key) else { throw DriverError(.permanent, "a volume needs \"\(key)\".") }
    return value
  }

  private static func absolute(_ path: String, _ key: String) throws(DriverError) -> String {
    guard path.hasPrefix("/") else {
      throw DriverError(
        .permanent, "the volume's \"\(key)\" must be an absolute path: \"\(printable(path.prefix(200)))\".")
    }
    return path
  }
}
