import FileSystem
import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// `discover-volumes`: says which volumes an application has now, and what brings it to rest, from its document.
///
/// Whatever has to run on a node comes as a list grouped by node, so that a workflow can do it there.
struct DiscoverVolumesStep: ProtectionStepKind {
  static let signature = StepSignature(
    "discover-volumes", "Says which volumes an application has, and which hooks",
    inputs: [
      .required("application", .text, "the application"),
      .optional("volumes", .oneOrList(of: .text), "only volumes with these names; * and ? stand for any letters"),
      .optional("strict", .boolean, default: false, "refuse snapshots that are neither quiesced nor of one instant"),
      .optional("inPlace", .boolean, default: false, "whether the volumes are read without snapshots, as they are"),
      .optional("retention", .anything, "what the policy keeps: tells whether snapshots stay"),
      .optional("parts", .integer(1...1000), default: 1, "in how many parts each volume is exported"),
      .optional("profile", .text, "where they are exported to: whether that can be done in parts"),
    ],
    outputs: [
      OutputField("application", .string, "the application"),
      OutputField("volumes", .list, "its volumes, as other steps take them"),
      OutputField("freezes", .list, "filesystems to freeze while snapshots are taken: node, path, deadline"),
      OutputField("keepSnapshots", .boolean, "whether snapshots stay once they are exported"),
      OutputField("parts", .list, "the numbers of the parts; empty for one"),
    ] + HookPhase.allCases.map(\.output))

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let application = try arguments.requiredString("application")
    let inventory = Inventory(
      application: application, spec: try await services.document("application", application)["spec"] ?? .null)
    let patterns = arguments.value("volumes").map { $0.array ?? [$0] }?.compactMap(\.string) ?? []
    let isStrict = arguments.value("strict")?.bool ?? false
    var volumes = try await services.marked(try inventory.volumes(named: patterns, strict: isStrict))
    if isStrict, arguments.value("inPlace")?.bool ?? false { try inventory.requireRest() }
    let parts = try arguments.integer("parts", in: 1...1000) ?? 1
    // Before anything is brought to rest for it.
    if parts > 1, let profile = try arguments.string("profile"), !profile.isEmpty {
      let spec = try await services.document("profile", profile)["spec"] ?? .null
      try Self.checkParts(parts, try ProfileLocation(spec: spec, name: profile), profile)
    }
    // Every claim pays for a limit that its steps name; so they name none that nobody has set.
    let isLimited = try await services.asking { () async throws(StoreError) in
      try await services.client.hasLimit(NamedLimit.exports)
    }
    if isLimited { volumes = volumes.map { $0.with("limit", .string(NamedLimit.exports)) } }
    var outputs: [String: JSONValue] = [
      "application": .string(application), "volumes": .array(volumes),
      "freezes": .array(inventory.freezes(of: volumes)),
      "keepSnapshots": .bool(keepsSnapshots(arguments.value("retention"))),
      "parts": .array(parts > 1 ? (0..<parts).map { .int(Int64($0)) } : []),
    ]
    for phase in HookPhase.allCases { outputs[phase.rawValue] = .array(try inventory.hooks(of: phase)) }
    return .succeeded(outputs: .object(outputs))
  }

  /// Parts are joined by their journals.
  static func checkParts(_ parts: Int, _ location: ProfileLocation, _ profile: String) throws(StepFailure) {
    guard !location.keepsJournals else { return }
    throw StepFailure(
      .permanent,
      "profile \(profile): restic's REST server keeps no journals, which an export in \(parts) parts needs; export in one piece (parts: 1), or to a folder or S3"
    )
  }

  /// A policy that keeps none frees each snapshot as soon as its export is durable.
  private func keepsSnapshots(_ retention: JSONValue?) -> Bool {
    guard let snapshots = retention?["snapshots"] else { return true }
    return snapshots["keep"]?.int != 0
  }
}

extension JSONValue {
  /// An object with one more member.
  func with(_ key: String, _ value: JSONValue) -> JSONValue {
    var members = object ?? [:]
    members[key] = value
    return .object(members)
  }
}

extension HookPhase {
  /// What steps put out for it.
  var output: OutputField { OutputField(rawValue, .list, "the hooks of this phase, by node: {node, hooks}") }
}

/// An application's document, as steps see it.
struct Inventory {
  let application: String
  /// What the document says.
  let spec: JSONValue

  /// Its volumes, as they are written there.
  var listed: [JSONValue] { spec["volumes"]?.array ?? [] }

  /// The volumes with these names, or all.
  /// - Throws: `StepFailure` if there is none, or a name stands for none.
  func volumes(named patterns: [String], strict: Bool) throws(StepFailure) -> [JSONValue] {
    guard !listed.isEmpty else {
      let advice = spec["dumps"] == nil ? "" : "; for its dumps there is the workflow backup-logical"
      throw StepFailure(.permanent, "application '\(application)' has no volumes in its document\(advice)")
    }
    let isQuiesced = has(.backupPrehook)
    func matches(_ name: String, _ pattern: String) -> Bool {
      Glob(Array(pattern.utf8)).map { $0.matches(Array(name.utf8)) } ?? (name == pattern)
    }
    let names = listed.compactMap { $0["name"]?.string }
    if let unknown = patterns.first(where: { pattern in !names.contains { matches($0, pattern) } }) {
      throw StepFailure(
        .permanent,
        "application '\(application)' has no volume '\(unknown)'; it has \(names.joined(separator: ", "))")
    }
    return listed.filter { volume in
      patterns.isEmpty || patterns.contains { matches(volume["name"]?.string ?? "", $0) }
    }.map { volume in
      var members = volume.object ?? [:]
      members["application"] = .string(application)
      members["freeze"] = nil
      members["isFrozen"] = .bool(volume["freeze"]?["path"]?.string != nil)
      members["isQuiesced"] = .bool(isQuiesced || volume["freeze"] != nil)
      if strict { members["isStrict"] = true }
      return .object(members)
    }
  }

  /// What is frozen while these volumes are snapshotted: each filesystem once.
  func freezes(of volumes: [JSONValue]) -> [JSONValue] {
    let names = Set(volumes.compactMap { $0["name"]?.string })
    var found: [String: [String: JSONValue]] = [:]
    for volume in listed where names.contains(volume["name"]?.string ?? "") {
      guard let freeze = volume["freeze"], let path = freeze["path"]?.string else { continue }
      let node = VolumeNodes.named(in: volume) ?? ""
      var members: [String: JSONValue] = ["node": .string(node), "path": .string(path)]
      members["deadline"] = freeze["deadline"] ?? "20s"
      found["\(node)\u{0}\(path)"] = members
    }
    return found.sorted { $0.key < $1.key }.map { .object($0.value) }
  }

  /// Files that are read while the application writes them are of no instant, whatever a freeze would do for snapshots.
  /// - Throws: `StepFailure` if no hook brings the application to rest.
  func requireRest() throws(StepFailure) {
    guard !has(.backupPrehook) else { return }
    throw StepFailure(
      .permanent,
      "application '\(application)': its policy is strict, and its volumes are read in place while nothing brings it to rest; add a backupPrehook, or use a workflow that takes snapshots"
    )
  }

  /// Whether there are hooks of a phase.
  func has(_ phase: HookPhase) -> Bool { !listedHooks(of: phase).isEmpty }

  private func listedHooks(of phase: HookPhase) -> [JSONValue] { spec["hooks"]?[phase.rawValue]?.array ?? [] }

  /// The hooks of a phase, by node, in the order of the document.
  /// - Throws: `StepFailure` if nobody can say where one of them runs.
  func hooks(of phase: HookPhase) throws(StepFailure) -> [JSONValue] {
    let nodes = VolumeNodes(application: spec)
    var order: [String] = []
    var groups: [String: [JSONValue]] = [:]
    for (number, hook) in listedHooks(of: phase).enumerated() {
      let node: String
      do throws(NodeError) { node = try nodes.node(ofHook: hook, number: number, in: phase) } catch {
        throw StepFailure(.permanent, "application '\(application)': \(error)")
      }
      if groups[node] == nil { order.append(node) }
      groups[node, default: []].append(hook)
    }
    return order.map { ["node": .string($0), "phase": .string(phase.rawValue), "hooks": .array(groups[$0] ?? [])] }
  }
}
