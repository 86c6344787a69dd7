public import JSON
internal import Wording

/// The nodes that an application's volumes are on: there its hooks and dumps run that don't name one themselves.
public struct VolumeNodes: Sendable {
  /// Their names, in the order of the volumes, each once. A volume that names none is reached from any of them.
  let names: [String]

  /// - Parameter spec: what the application's document says.
  public init(application spec: JSONValue) {
    var names: [String] = []
    for volume in spec["volumes"]?.array ?? [] {
      if let name = Self.named(in: volume), !name.isEmpty, !names.contains(name) { names.append(name) }
    }
    self.names = names
  }

  /// Where a hook runs; empty for any worker.
  /// - Parameters:
  ///   - hook: as the document has it.
  ///   - number: its place in the list of its phase, from 0.
  /// - Throws: `NodeError` if it names no node, and the volumes are on several.
  public func node(ofHook hook: JSONValue, number: Int, in phase: HookPhase) throws(NodeError) -> String {
    // A drill runs these where the copy of each volume is.
    if phase == .verifyHook { return Self.named(in: hook) ?? "" }
    let title = hook["name"]?.string.map { "hook '\($0)'" } ?? "hook \(number + 1)"
    return try node(of: "\(title) of \(phase.rawValue)", hook)
  }

  /// Where the programs of a dump run; empty for any worker.
  /// - Parameter dump: as the document has it.
  /// - Throws: `NodeError` if it names no node, and the volumes are on several.
  public func node(ofDump dump: JSONValue) throws(NodeError) -> String {
    try node(of: "dump '\(dump["name"]?.string ?? "")'", dump)
  }

  private func node(of title: String, _ json: JSONValue) throws(NodeError) -> String {
    // An empty one is meant: any worker.
    if let own = Self.named(in: json) { return own }
    guard names.count < 2 else { throw NodeError(title: title, nodes: names) }
    return names.first ?? ""
  }

  /// The node that a volume, hook or dump names; nil if it names none, empty for any worker. Digits alone are a number to YAML, but a
  /// name to workers.
  public static func named(in json: JSONValue) -> String? {
    guard let node = json["node"], node != .null else { return nil }
    return node.string ?? node.text
  }
}

/// Nobody can say on which node a hook or a dump runs.
public struct NodeError: Error, Sendable, CustomStringConvertible {
  /// One sentence.
  public let description: String

  init(title: String, nodes: [String]) {
    description =
      "\(title) could run on \(alternatives(nodes)), where the application's volumes are; say 'node:' for it"
  }
}
