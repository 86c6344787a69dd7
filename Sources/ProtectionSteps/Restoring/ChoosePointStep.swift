import JSON
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `choose-point`: finds the restore point that is meant, holds it for this run, and says what comes back from where.
///
/// As long as the run lives, nobody retires the point.
struct ChoosePointStep: ProtectionStepKind {
  static let signature = StepSignature(
    "choose-point", "Finds the restore point that is meant, and holds it for this run",
    inputs: [
      .required("point", .text, "the point's name, or an application's name for its last good point"),
      .optional("volumes", .oneOrList(of: .text), "only these volumes; * and ? stand for any letters"),
      .optional(
        "from", .choice(["auto", "snapshot", "export"]), default: "auto",
        "what is used; auto takes the snapshot where there is one, and the volume goes back to where it was"),
      .optional("hooks", .boolean, default: true, "whether the application's hooks are put out"),
      .optional(
        "dumps", .choice(["file", "program"]), default: "file",
        "how dumps come back: as files, or into the programs that the application's document names for that"),
      .optional("target", .text, "a folder: each volume comes into one of its own there; without it, to where it was"),
      .optional(
        "node", .text, "the node that the target is on, for what comes from exports; without it, each volume's own"),
    ],
    outputs: [
      OutputField("point", .string, "the point's name"),
      OutputField("application", .string, "its application"),
      OutputField("profile", .string, "the profile of its exports"),
      OutputField("createdAt", .string, "the time that it is of"),
      OutputField("volumes", .list, "what comes back, as restore-volume takes it"),
      OutputField("dumps", .list, "dumps for restore-stream, each with its program in 'stream'"),
      OutputField("artifacts", .map, "what the hooks of the backup put out"),
      OutputField("restorePrehook", .list, "the hooks before the restore, by node"),
      OutputField("restorePosthook", .list, "the hooks after the restore, by node"),
      OutputField("verifyHooks", .list, "the hooks that test a restored copy"),
    ] + HookPhase.atEnd.map(\.output))

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let wanted = try arguments.requiredString("point")
    let found = try await services.asking { () async throws(StoreError) in
      try await services.points.hold(wanted, by: step.held)
    }
    let (point, application) = (found.point, found.point.application)
    let from = try arguments.choice("from", ["auto", "snapshot", "export"]) ?? "auto"
    let target = try arguments.string("target").flatMap { $0.isEmpty ? nil : $0 }
    if let target, !target.hasPrefix("/") { throw arguments.failure("target", mustBe: "an absolute path") }
    let node = try arguments.string("node").flatMap { $0.isEmpty ? nil : $0 }
    guard node == nil || target != nil else {
      throw StepFailure(
        .permanent,
        "restore point \(point.name): in place a volume comes back on its own node; give a target with the node, or leave the node out"
      )
    }
    // As it is now: how to stop an application, and what of it to leave alone, is a matter of today.
    let wantsHooks = arguments.value("hooks")?.bool ?? true
    let wantsPrograms = try arguments.choice("dumps", ["file", "program"]) == "program"
    let needsDocument = wantsHooks || wantsPrograms || target == nil
    let document = needsDocument ? try await services.applicationSpec(application) : .null
    let patterns = arguments.value("volumes").map { $0.array ?? [$0] }?.compactMap(\.string) ?? []
    let chosen = try Inventory(application: application, spec: point.json).volumes(named: patterns, strict: false)
    let names = Set(chosen.compactMap { $0["name"]?.string })
    let volumes = try await services.marked(
      try point.volumes.filter { names.contains($0.name) }
        .map { volume in try Self.item(volume, of: found, from: from, target: target, node: node, spec: document) })
    if wantsPrograms, target == nil { try Self.checkPlaces(of: volumes, found, document) }
    let (dumps, files) = wantsPrograms ? try Self.dumps(among: volumes, of: application, document) : ([], volumes)
    let spec = wantsHooks ? document : .null
    let inventory = Inventory(application: application, spec: spec)
    var outputs: [String: JSONValue] = [
      "point": .string(point.name), "application": .string(application), "profile": .string(point.profile ?? ""),
      "createdAt": .string(found.createdAt.rfc3339), "volumes": .array(files), "dumps": .array(dumps),
      "artifacts": .object(point.artifacts),
      "verifyHooks": .array(spec["hooks"]?["verifyHook"]?.array ?? []),
    ]
    for phase in [HookPhase.restorePrehook, .restorePosthook] + HookPhase.atEnd {
      outputs[phase.rawValue] = .array(try inventory.hooks(of: phase))
    }
    return .succeeded(outputs: .object(outputs))
  }

  /// In place is where the volumes were; the hooks stop the application where it is now. If these are two, it would stay stopped for
  /// nothing, or what is at the old place would be lost. Where nothing is said now, what this installation wrote down then counts;
  /// what was imported could name any path.
  static func checkPlaces(
    of volumes: [JSONValue], _ found: CataloguedPoint, _ spec: JSONValue
  ) throws(StepFailure) {
    let point = found.point
    for volume in volumes {
      guard let now = spec["volumes"]?.array?.first(where: { $0["name"] == volume["name"] }) else {
        guard !found.isImported || volume["driver"]?.string == Dump.driver else {
          let name = volume["name"]?.string ?? ""
          throw StepFailure(
            .permanent,
            "restore point \(point.name) was imported, so where its volume '\(name)' belongs has to stand in the document of application '\(point.application)': add the volume there, or restore it to a folder (target)"
          )
        }
        continue
      }
      let then = point.volumes.first { $0.name == volume["name"]?.string }?.node
      let nodes = [VolumeNodes.named(in: now), then].compactMap(\.self).filter { !$0.isEmpty }
      guard now["path"] == volume["path"], Set(nodes).count < 2 else {
        throw StepFailure(
          .permanent,
          "restore point \(point.name): volume '\(volume["name"]?.string ?? "")' was at another place then (\((nodes.last.map { $0 + ":" } ?? "") + (volume["path"]?.string ?? ""))) than its application's document says now; restore it to a folder (target, and node)"
        )
      }
    }
  }

  /// Parts the dumps from other volumes, and adds to each what the application's document says of its restore.
  private static func dumps(
    among volumes: [JSONValue], of application: String, _ spec: JSONValue
  ) throws(StepFailure) -> (dumps: [JSONValue], others: [JSONValue]) {
    guard volumes.contains(where: { $0["driver"]?.string == Dump.driver }) else { return ([], volumes) }
    let known = try Dump.all(of: application, spec)
    var dumps: [JSONValue] = []
    for volume in volumes where volume["driver"]?.string == Dump.driver {
      let name = volume["name"]?.string ?? ""
      let dump = known.first { $0.name == name }
      guard let dump, let program = dump.restore else {
        throw StepFailure(
          .permanent,
          "application '\(application)' does not say what takes its dump '\(name)' back; write that into its document (dumps: [{name: \(name), restore: {command: [PROGRAM, ARGUMENT]}}]), or restore to a folder (target)"
        )
      }
      dumps.append(volume.with("stream", program).with("node", .string(dump.node)))
    }
    return (dumps, volumes.filter { $0["driver"]?.string != Dump.driver })
  }

  /// A volume of the point, as `restore-volume` takes it.
  /// - Parameters:
  ///   - node: where a target is, if not on the volume's own node.
  ///   - spec: what the application's document says now; null if there is none.
  static func item(
    _ volume: RestorePoint.Volume, of found: CataloguedPoint, from: String, target: String?, node: String?,
    spec: JSONValue = .null
  ) throws(StepFailure) -> JSONValue {
    // One that was missed may be there again; the driver finds out. But what surely is there comes first.
    let isMissing = found.snapshots[volume.name] == .missing
    let snapshot = isMissing || found.snapshots[volume.name] == .exists ? volume.snapshot : nil
    let export = found.exports[volume.name] == .exists ? volume.export : nil
    var item = volume.source.object ?? [:]
    item["name"] = .string(volume.name)
    item["application"] = .string(found.point.application)
    item["node"] = .string(node ?? volume.node ?? "")
    if let target {
      guard RestorePoint.Volume.isFolderName(volume.name) else {
        throw StepFailure(
          .permanent,
          "restore point \(found.point.name): no folder can be called \(JSONValue.string(volume.name).text), as a volume of it is; leave that out (volumes), or restore it to where it was"
        )
      }
      item["target"] = .string(target + "/" + volume.name)
    } else {
      let now = spec["volumes"]?.array?.first(where: { $0["name"]?.string == volume.name })
      item["presentExclude"] = now?["exclude"]
      // What was imported could name any node. A volume of the document that names none is reached by any worker.
      if found.isImported, let now { item["node"] = .string(VolumeNodes.named(in: now) ?? "") }
    }
    let kind = volume.source["kind"]?.string.flatMap(ExportKind.init)
    let excludesAny = [item["exclude"], item["presentExclude"]].contains { $0?.array?.isEmpty == false }
    // Its program restores a folder as a whole, also over what has to stay; an image is one anyway.
    let isOverwritten = target == nil && volume.driver == "exec" && excludesAny && kind != .image && kind != .device
    let usesSnapshot =
      switch from {
      case "snapshot": true
      case "export": false
      // To another place everything comes from the export: its volume may not be there.
      default: snapshot != nil && (export == nil || target == nil && !isMissing && !isOverwritten)
      }
    guard let object = usesSnapshot ? snapshot : export else {
      let what = usesSnapshot ? "snapshot" : "export"
      let isGone = (usesSnapshot ? found.snapshots : found.exports)[volume.name] != CataloguedPoint.Part.none
      throw StepFailure(
        .permanent,
        "restore point \(found.point.name) has no \(what) of volume '\(volume.name)'\(isGone ? " any more" : "")")
    }
    guard node == nil || !usesSnapshot else {
      throw StepFailure(
        .permanent,
        "restore point \(found.point.name) has volume '\(volume.name)' as a snapshot, which only its own node can read; another node needs an export (from: export), so leave the node out or take a point with exports"
      )
    }
    // Where no export ever told what sort of volume it is, its driver refuses.
    guard !usesSnapshot || !isOverwritten || kind == nil else {
      let advice = export == nil ? "restore it" : "restore its export (from: export), or"
      throw StepFailure(
        .permanent,
        "restore point \(found.point.name): the driver of volume '\(volume.name)' restores its snapshot as a whole, also over what the application's document excludes; \(advice) into a folder (target)"
      )
    }
    item[usesSnapshot ? "fromSnapshot" : "fromExport"] = .string(object)
    return .object(item)
  }
}
