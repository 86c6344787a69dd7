import JSON
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// Puts together what a restore point consists of, from the outputs of a run's steps.
struct PointDescription {
  let run: RunID
  let arguments: StepArguments

  /// The point as the catalogue and the repository keep it.
  /// - Throws: `StepFailure` if a volume is in none of the outputs: such a point would claim more than it has.
  func document() throws(StepFailure) -> JSONValue {
    let application = try arguments.requiredString("application")
    let snapshots = try byVolume("snapshots", "snapshot")
    let exports = try byVolume("exports", "export")
    let at = try moment(snapshots, exports)
    let keepsSnapshots = arguments.value("keepSnapshots")?.bool ?? true
    let given = arguments.value("volumes")?.array ?? []
    let listed = try given.map { json throws(StepFailure) in try Volume(json: json) }
    var volumes: [JSONValue] = []
    for volume in listed {
      let name = volume.source.name
      // Some drivers' snapshots are gone with the run.
      let isKept = keepsSnapshots && snapshots[name]?["keeps"]?.bool ?? true
      let snapshot = isKept ? snapshots[name] : Optional.none
      let export = exports[name]
      guard snapshot != nil || export != nil else {
        throw StepFailure(
          .permanent,
          "\(volume.title) has neither an export nor a snapshot that stays after this run: no restore point")
      }
      var members: [String: JSONValue] = [
        "name": .string(name), "driver": .string(volume.source.driver),
      ]
      var source = volume.source.json.object ?? [:]
      source["kind"] = export?["kind"] ?? volume.json["kind"]
      // What the export leaves out stays in every restore in place.
      if export != nil, !volume.excludes.isEmpty { source["exclude"] = .array(volume.excludes.map { .string($0) }) }
      members["source"] = .object(source)
      if let node = volume.node, !node.isEmpty { members["node"] = .string(node) }
      members["snapshot"] = snapshot?["snapshot"]
      for key in ["export", "bytes", "addedBytes", "files"] { members[key] = export?[key] }
      volumes.append(.object(members))
    }
    guard !volumes.isEmpty else {
      throw StepFailure(.permanent, "a restore point of '\(application)' needs at least one volume")
    }
    let consistency = consistency(listed, snapshots)
    guard consistency != "none" || !listed.contains(where: \.isStrict) else {
      throw StepFailure(
        .permanent,
        "application '\(application)': its policy is strict, and what was kept may be torn, as a freeze ended before its time, or a hook failed that was to bring the application to rest: no restore point"
      )
    }
    var point: [String: JSONValue] = [
      "name": .string(RestorePoint.name(application: application, createdAt: at, run: run.value)),
      "application": .string(application), "run": .int(run.value),
      "createdAt": .string(at.rfc3339), "consistency": .string(consistency),
      "artifacts": .object(artifacts), "volumes": .array(volumes),
    ]
    for key in ["profile", "policy"] {
      if let text = try arguments.string(key), !text.isEmpty { point[key] = .string(text) }
    }
    if arguments.value("expiresIn") != "", let length = try arguments.duration("expiresIn") {
      let moment = Snapshot.Moment(seconds: at.seconds + length.components.seconds, nanoseconds: 0)
      point["expiresAt"] = .string(moment.rfc3339)
    }
    return .object(point)
  }

  /// The time that the point is of: of its first snapshot or, if none was taken, of its first export. That is not the time of its run
  /// if that was retried.
  private func moment(
    _ snapshots: [String: JSONValue], _ exports: [String: JSONValue]
  ) throws(StepFailure) -> Snapshot.Moment {
    let made = snapshots.isEmpty ? exports : snapshots
    let taken = made.values.compactMap { $0["at"]?.string.flatMap { Snapshot.Moment(rfc3339: $0) } }
    if let first = taken.min() { return first }
    return try arguments.string("at").flatMap { Snapshot.Moment(rfc3339: $0) } ?? .now
  }

  /// What can be said of the data: the application was at rest, they are of one instant, or neither.
  private func consistency(_ volumes: [Volume], _ snapshots: [String: JSONValue]) -> String {
    let thaws = (arguments.value("thaws")?.array ?? []).filter { $0 != .null }
    let wasFrozen = !thaws.isEmpty && thaws.allSatisfy { $0["intact"]?.bool ?? false }
    let wasTorn = !thaws.isEmpty && !wasFrozen
    // A hook that may fail, and did, has brought nothing to rest.
    let haveSucceeded = !hooks.isEmpty && hooks.allSatisfy { $0["succeeded"]?.bool ?? true }
    let isQuiesced = haveSucceeded || (arguments.value("quiesced")?.bool ?? false)
    if isQuiesced, !wasTorn { return "application" }
    // What one volume's snapshot or freeze is worth says nothing of the others.
    let areOfOneInstant = volumes.allSatisfy { volume in
      (snapshots[volume.source.name]?["crashConsistent"]?.bool ?? false) || volume.isFrozen && wasFrozen
    }
    return areOfOneInstant ? "crash" : "none"
  }

  private var hooks: [JSONValue] { (arguments.value("hooks")?.array ?? []).filter { $0 != .null } }

  /// What hooks put out, later ones over earlier ones.
  private var artifacts: [String: JSONValue] {
    hooks.reduce(into: [:]) { all, hook in
      all.merge(hook["artifacts"]?.object ?? [:]) { $1 }
    }
  }

  /// The outputs of a group's step, by the volume that they are about.
  private func byVolume(_ key: String, _ member: String) throws(StepFailure) -> [String: JSONValue] {
    guard let value = arguments.value(key) else { return [:] }
    guard let list = value.array else { throw arguments.failure(key, mustBe: "a list of outputs") }
    var result: [String: JSONValue] = [:]
    for outputs in list where outputs[member]?.string != nil {
      if let volume = outputs["volume"]?.string { result[volume] = outputs }
    }
    return result
  }
}
