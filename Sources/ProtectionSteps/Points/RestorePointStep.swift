import FailPoints
import JSON
import ResticFormat
import ResticRepository
import RestorePoints
import StepEngine
import StepKinds
import WorkflowDSL

/// `restore-point`: writes down what the run leaves, in the repository and in the catalogue. From here on it counts.
///
/// The repository comes first: what only it knows can be imported; what only the catalogue knew would be lost with it.
struct RestorePointStep: ProtectionStepKind {
  static let signature = StepSignature(
    "restore-point", "Writes down the restore point that the run leaves",
    inputs: [
      .required("application", .text, "the application"),
      .required("volumes", .list(of: .anything), "its volumes, as discover-volumes puts them out"),
      .optional("snapshots", .anything, "the outputs of the snapshot steps"),
      .optional("exports", .anything, "the outputs of the export steps"),
      .optional("hooks", .anything, "the outputs of the hooks before the snapshots: artifacts, and that they ran"),
      .optional("quiesced", .boolean, default: false, "whether the data are as the application itself gave them"),
      .optional("thaws", .anything, "the outputs of the thaw steps: whether the filesystems were frozen all along"),
      .optional("keepSnapshots", .boolean, default: true, "whether the snapshots stay"),
      .optional("profile", .text, "the profile of the exports"),
      .optional("policy", .text, "the policy that keeps the point"),
      .optional("at", .text, "the time that the point is of, if no snapshot says when it was taken"),
      .optional("expiresIn", .duration, "after this long the point may go, whatever the policy says"),
    ],
    outputs: [
      OutputField("point", .string, "the point's name"),
      OutputField("consistency", .string, "application, crash or none"),
    ], resources: [ResourceKind.description])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    var document = try PointDescription(run: step.id.run, arguments: arguments).document()
    if let known = try await recorded(document, step) { document = known }
    var description: ResourceLedger.Entry?
    if let profileName = document["profile"]?.string {
      let profile = try await services.profile(profileName, log: step.log)
      if let lock = profile.objectLock, case .object(var members) = document,
        let created = members["createdAt"]?.string.flatMap({ Snapshot.Moment(rfc3339: $0) })
      {
        let end = Snapshot.Moment(seconds: created.seconds + lock.components.seconds, nanoseconds: 0)
        members["lockUntil"] = .string(end.rfc3339)
        document = .object(members)
      }
      let sealed = document
      // For the janitor, should the run be cancelled before the point is recorded.
      description = try await services.intend(
        ResourceKind.description, sealed["name"]?.string ?? "", driver: "restic",
        detail: ["profile": .string(profileName)], step)
      let outcome = try await StepOutcome.usingRepository(of: profile) {
        let repository = try await services.sessions.open(profile)
        if repository.keepsPoints {
          try await repository.savePoint(sealed["name"]?.string ?? "", Array(sealed.text.utf8))
        } else {
          step.log(
            "profile \(profileName): restic's REST server keeps no descriptions of restore points; this one stands in PostgreSQL alone, and 'holdfast import' will not find it"
          )
        }
        return .succeeded(outputs: nil)
      }
      guard case .succeeded = outcome else { return outcome }
    }
    failPoint("restore-point.sealed")
    // Once it is recorded, the run's work stays.
    try Task.checkCancellation()
    let point: RestorePoint
    do throws(RestorePointError) { point = try RestorePoint(json: document) } catch {
      throw StepFailure(.permanent, "\(error)")
    }
    let name = try await services.asking { () async throws(StoreError) in
      try await services.points.record(point, by: step.held)
    }
    failPoint("restore-point.recorded")
    if let description {
      // The point's from now on.
      try await services.asking { () async throws(StoreError) in try await services.ledger.released(description) }
    }
    return .succeeded(outputs: ["point": .string(name), "consistency": .string(point.consistency.rawValue)])
  }

  /// The run's point as it was recorded, if it has the same snapshots and exports: what hooks left that a retry ran again since then
  /// does not belong to these.
  private func recorded(_ document: JSONValue, _ step: StepContext) async throws -> JSONValue? {
    guard let point = try? RestorePoint(json: document) else { return nil }
    let known = try await services.asking { () async throws(StoreError) in try await services.points.point(point.name) }
    guard let known, known.state == .complete, known.point.name == point.name, known.point.run == point.run,
      known.point.createdAt == point.createdAt, known.point.parts == point.parts
    else { return nil }
    return known.point.json
  }
}

extension RestorePoint {
  /// What each volume can be restored from.
  fileprivate var parts: [String: [String?]] {
    Dictionary(volumes.map { ($0.name, [$0.snapshot, $0.export]) }, uniquingKeysWith: { $1 })
  }
}
