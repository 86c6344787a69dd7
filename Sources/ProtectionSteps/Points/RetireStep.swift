import JSON
import ResticFormat
import RestorePoints
import StepEngine
import StepKinds
import TimeZones
import WorkflowDSL

/// `retire`: decides which restore points of an application are still kept, and puts out what of the others has to be removed, by
/// node and by profile. What it puts out is marked: nobody restores from it any more.
///
/// Whatever the policy, points that were made on demand go once they have expired.
struct RetireStep: ProtectionStepKind {
  static let signature = StepSignature(
    "retire", "Decides which restore points go, and puts out what has to be removed",
    inputs: [
      .required("application", .text, "the application"),
      .optional("policy", .text, "the policy whose points are looked at; without it those of no policy"),
      .optional("retention", .anything, "what is kept; without it everything but what has expired"),
      .optional("timeZone", .text, default: "UTC", "where days, weeks, months and years begin"),
    ],
    outputs: [
      OutputField("snapshots", .list, "by node: {node, snapshots}"),
      OutputField("exports", .list, "by profile: {profile, exports}"),
      OutputField("deleteHook", .list, "the hooks that remove what artifacts stand for, by point and node"),
      OutputField("kept", .integer, "how many points stay"),
      OutputField("retired", .integer, "how many go, wholly or in part"),
    ])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let application = try arguments.requiredString("application")
    let policy = try arguments.string("policy") ?? ""
    let (snapshots, exports) = try rules(arguments)
    let zone = try zone(arguments)
    let (points, now) = try await services.asking { () async throws(StoreError) in
      (try await services.points.points(application: application, policy: policy), try await services.points.now())
    }
    var decisions = RetentionPlan.decide(points, snapshots: snapshots, exports: exports, now: now, zone: zone)
    // What was made on demand and has expired, nobody else comes for. It is judged beside all others of the application, or the last
    // of it would be the newest and stay.
    let expired = Set(try await services.expiredOnDemand(of: application).map(\.point.name))
    if !expired.isEmpty {
      let all = try await services.asking { () async throws(StoreError) in
        try await services.points.points(application: application)
      }
      decisions += RetentionPlan.decide(all, snapshots: snapshots, exports: exports, now: now, zone: zone)
        .filter { expired.contains($0.point) }
    }
    // Before anything is marked: if nobody can say where one of them runs, nothing goes.
    let inventory = Inventory(application: application, spec: try await services.applicationSpec(application))
    let hooks = try inventory.hooks(of: .deleteHook)
    let retirement = try await services.asking { () async throws(StoreError) in
      try await services.points.beginRetire(decisions, by: step.held)
    }
    for refusal in retirement.refused {
      step.log("\(refusal.point) keeps its \(refusal.what): \(refusal.reason)")
    }
    for point in retirement.points { step.log("\(point.name) goes: \(point.reason ?? "not kept by any rule")") }
    return .succeeded(
      outputs: outputs(of: retirement, among: points.count).with("deleteHook", .array(deletions(retirement, hooks))))
  }

  /// The hooks of points of which nothing stays, each with the point's artifacts.
  private func deletions(_ retirement: Retirement, _ phases: [JSONValue]) -> [JSONValue] {
    retirement.points.filter(\.isWhole).flatMap { point in
      phases.map { $0.with("point", .string(point.name)).with("artifacts", .object(point.artifacts)) }
    }
  }

  private func outputs(of retirement: Retirement, among count: Int) -> JSONValue {
    var byNode: [String: [JSONValue]] = [:]
    var byProfile: [String: [JSONValue]] = [:]
    for point in retirement.points {
      for snapshot in point.snapshots {
        byNode[snapshot.node ?? "", default: []].append([
          "point": .string(point.name), "volume": .string(snapshot.volume), "snapshot": .string(snapshot.name),
          "source": snapshot.source,
        ])
      }
      guard let profile = point.profile else { continue }
      for export in point.exports {
        byProfile[profile, default: []].append([
          "point": .string(point.name), "volume": .string(export.volume), "export": .string(export.id),
          "isWhole": .bool(point.isWhole), "isShared": .bool(export.isShared),
        ])
      }
    }
    let whole = retirement.points.count { $0.isWhole }
    return [
      "snapshots": .array(
        byNode.sorted { $0.key < $1.key }.map { ["node": .string($0.key), "snapshots": .array($0.value)] }),
      "exports": .array(
        byProfile.sorted { $0.key < $1.key }.map { ["profile": .string($0.key), "exports": .array($0.value)] }),
      "kept": .int(Int64(count - whole)), "retired": .int(Int64(retirement.points.count)),
    ]
  }

  /// `{snapshots: RULES, exports: RULES}`, or RULES for both.
  private func rules(_ arguments: StepArguments) throws(StepFailure) -> (snapshots: KeepRules, exports: KeepRules) {
    do throws(RestorePointError) { return try KeepRules.retention(json: arguments.value("retention")) } catch {
      throw StepFailure(.permanent, "\(name): 'retention': \(error)")
    }
  }

  private func zone(_ arguments: StepArguments) throws(StepFailure) -> TimeZoneRules {
    let zone = try arguments.string("timeZone") ?? "UTC"
    do throws(TimeZoneError) { return try TimeZoneDatabase.system.zone(named: zone) } catch {
      throw StepFailure(.permanent, "\(name): 'timeZone': \(error.description)")
    }
  }
}
