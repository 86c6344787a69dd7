import Cryptography
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
      .optional("at", .text, "the time that the point is of, if neither its snapshots nor its exports say"),
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
    let document = try PointDescription(run: step.id.run, arguments: arguments).document()
    let described: RestorePoint
    do throws(RestorePointError) { described = try RestorePoint(json: document) } catch {
      throw StepFailure(.permanent, "\(error)")
    }
    let (unlocked, known) = try await settled(described)
    if let known, known.state != .complete {
      step.log("restore point \(unlocked.name) was recorded before, and is \(known.state.rawValue) by now")
      return outcome(unlocked, unlocked.name)
    }
    guard let profileName = unlocked.profile else {
      let name = try await record(unlocked, step)
      return outcome(unlocked, name)
    }

    let profile = try await services.profile(profileName, log: step.log)
    let point = known == nil ? unlocked.locked(for: profile.objectLock) : unlocked
    // For the janitor, should the run be cancelled before the point is recorded.
    let description = try await services.intend(
      ResourceKind.description, point.name, driver: "restic", detail: ["profile": .string(profileName)], step)
    let sealing = try await StepOutcome.usingRepository(of: profile) {
      let repository = try await services.sessions.open(profile)
      if repository.keepsPoints {
        try await repository.savePoint(point.name, Array(point.json.text.utf8))
      } else {
        step.log(
          "profile \(profileName): restic's REST server keeps no descriptions of restore points; this one stands in PostgreSQL alone, and 'holdfast import' will not find it"
        )
      }
      return .succeeded(outputs: nil)
    }
    guard case .succeeded = sealing else { return sealing }
    let name = try await record(point, step)
    // It is the point's from now on. If the run had recorded the same under another name, the janitor removes it.
    if name == point.name {
      try await services.asking { () async throws(StoreError) in try await services.ledger.released(description) }
    }
    return outcome(point, name)
  }

  /// From here on the run's work stays.
  /// - Returns: the point's name.
  private func record(_ point: RestorePoint, _ step: StepContext) async throws -> String {
    failPoint("restore-point.sealed")
    try Task.checkCancellation()
    let name = try await services.asking { () async throws(StoreError) in
      try await services.points.record(point, by: step.held)
    }
    failPoint("restore-point.recorded")
    return name
  }

  private func outcome(_ point: RestorePoint, _ name: String) -> StepOutcome {
    .succeeded(outputs: ["point": .string(name), "consistency": .string(point.consistency.rawValue)])
  }

  /// The point under a name that no other has: a retry within the second of the run's first point must not overwrite what the repository
  /// says of that. Each attempt finds the same name.
  /// - Returns: the point, and what the catalogue has of it. If that has it, it is as it was recorded: what hooks left that a retry ran
  ///   again since then does not belong to these snapshots and exports.
  private func settled(_ described: RestorePoint) async throws -> (RestorePoint, CataloguedPoint?) {
    for name in [described.name, described.otherName] {
      let found = try await services.asking { () async throws(StoreError) in try await services.points.point(name) }
      var point = described
      point.name = name
      // The name may be an application's, too.
      guard let found, found.point.name == name else { return (point, nil) }
      guard found.point.isSame(as: point) else { continue }
      // What was imported says what its description says, and becomes this run's with what the run says.
      return found.isImported && found.state == .complete ? (point, nil) : (found.point, found)
    }
    throw StepFailure(.permanent, "there is a restore point \(described.otherName) already, and it is another one")
  }
}

extension RestorePoint {
  /// Whether they are of the same snapshots and exports.
  fileprivate func isSame(as other: RestorePoint) -> Bool {
    run == other.run && createdAt == other.createdAt && parts == other.parts
  }

  /// What each volume can be restored from.
  private var parts: [String: [String?]] {
    Dictionary(volumes.map { ($0.name, [$0.snapshot, $0.export]) }, uniquingKeysWith: { $1 })
  }

  /// A name that tells it from a point of the same run and second.
  fileprivate var otherName: String {
    let content = JSONValue.array([.string(createdAt.rfc3339), json["volumes"] ?? .null])
    return name + "-" + SHA256Digest(of: Array(content.text.utf8)).shortHex
  }

  /// The same, with the time until which its exports can't be deleted.
  fileprivate func locked(for length: Duration?) -> RestorePoint {
    guard let length else { return self }
    var point = self
    point.lockUntil = Snapshot.Moment(seconds: createdAt.seconds + length.components.seconds, nanoseconds: 0)
    return point
  }
}
