import JSON
import RestorePoints
import StepEngine
import WorkflowDSL

/// A dump as an application's document names it: what writes it, and what takes it back.
struct Dump: Sendable {
  let application: String
  let name: String
  /// Its file in the repository.
  let file: String
  let node: String
  /// `{"command", "environment", "secrets", "directory", "timeout"}`
  let backup: JSONValue
  /// The same; nil if nothing takes it back.
  let restore: JSONValue?

  /// What a volume that is a dump has as driver.
  static let driver = "stream"
  /// The name of the dump of an application whose document says nothing of dumps.
  static let usualName = "dump"

  /// The dumps of an application.
  /// - Parameter spec: what its document says.
  static func all(of application: String, _ spec: JSONValue) throws(StepFailure) -> [Dump] {
    var dumps: [Dump] = []
    let nodes = VolumeNodes(application: spec)
    for json in spec["dumps"]?.array ?? [] { dumps.append(try Dump(json, of: application, nodes)) }
    return dumps
  }

  /// - Parameter nodes: those of the application's volumes.
  init(_ json: JSONValue, of application: String, _ nodes: VolumeNodes) throws(StepFailure) {
    self.application = application
    name = json["name"]?.string ?? Self.usualName
    // Before it is made: no point could be recorded with it.
    guard RestorePoint.Volume.isFolderName(name) else {
      throw StepFailure(
        .permanent,
        "application '\(application)': a dump can't be called \(JSONValue.string(name).text), since no folder can have that name"
      )
    }
    file = json["file"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? name
    guard !file.contains("/"), file != ".", file != ".." else {
      throw StepFailure(.permanent, "dump \(application)/\(name): its file needs a name without folders, not '\(file)'")
    }
    do throws(NodeError) { node = try nodes.node(ofDump: json.with("name", .string(name))) } catch {
      throw StepFailure(.permanent, "application '\(application)': \(error)")
    }
    backup = Self.program(json["backup"])
    restore = json["restore"].flatMap { $0 == .null ? nil : Self.program($0) }
  }

  /// With all its members, so that templates find them.
  private static func program(_ json: JSONValue?) -> JSONValue {
    [
      "command": json?["command"] ?? [], "environment": json?["environment"] ?? [:], "secrets": json?["secrets"] ?? [:],
      "directory": json?["directory"] ?? .null, "timeout": json?["timeout"] ?? .null,
    ]
  }

  /// As steps of volumes take it.
  var volume: JSONValue {
    [
      "application": .string(application), "name": .string(name), "driver": .string(Self.driver),
      "path": .string("/" + file), "kind": "image", "node": .string(node), "stream": backup,
    ]
  }
}
