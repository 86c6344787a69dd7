internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import PostgresClient
internal import RestorePoints
internal import ResticFormat
internal import StepEngine
internal import Terminal
internal import TimeZones

/// `holdfast policy retention`
enum PolicyRetentionCommand {
  static let dryRun = Option<Bool>.flag("--dry-run", "Say for each point why it stays or goes, and change nothing")

  static let command = Command(
    name: "retention",
    summary: "Retire the restore points that a policy does not keep any more",
    discussion: [
      "A policy's own runs do this at their end. Whatever the rules say, an application's newest point and its last good one stay, "
        + "and so do pinned points, those in use, those before their expiry, exports that are locked, and what was imported and "
        + "not adopted ('holdfast import PROFILE --adopt')."
    ],
    options: [dryRun.description, BuiltInRun.noWait.description],
    operands: [PolicyCommand.name.description],
    examples: [
      Example(purpose: "Why a point stays or goes", line: "holdfast policy retention nightly --dry-run"),
      Example(purpose: "After the rules were changed", line: "holdfast policy retention nightly"),
    ]
  ) { arguments in
    let policy = try await Retention(named: arguments[PolicyCommand.name], arguments)
    let store = RestorePointStore(pool: try arguments.pool())
    let points = try await store.points(policy: policy.name)
    if arguments[dryRun] {
      // As the step judges it, by PostgreSQL's clock.
      let now = try await store.now()
      arguments.write(policy.decide(points, now: now), as: listing(now: Moment(now)))
    } else {
      try await retire(Set(points.map(\.point.application)).sorted(), by: policy, arguments)
    }
  }

  /// What a policy keeps.
  private struct Retention {
    let name: String
    let json: JSONValue?
    let zoneName: String
    private let rules: (snapshots: KeepRules, exports: KeepRules)
    private let zone: TimeZoneRules

    init(named name: String, _ arguments: ParsedArguments) async throws {
      let pool = try arguments.pool()
      guard let document = try await EngineClient(pool: pool).document(kind: "policy", name: name) else {
        let names = try await StatusReader(pool: pool).names(
          "select name from holdfast.document_status where kind = 'policy' order by 1")
        throw notFound("policy", name, among: names, advice: "'holdfast get policy' lists them")
      }
      self.name = name
      json = document["spec"]?["retention"]
      zoneName = document["spec"]?["schedule"]?["timeZone"]?.string ?? "UTC"
      do {
        rules = try KeepRules.retention(json: json)
        zone = try TimeZoneDatabase.system.zone(named: zoneName)
      } catch { throw CommandFailure(.failed, "the retention of policy \(name) can't be followed: \(error)") }
    }

    func decide(_ points: [CataloguedPoint], now: Snapshot.Moment) -> [Row] {
      let byName = Dictionary(points.map { ($0.point.name, $0) }, uniquingKeysWith: { $1 })
      return RetentionPlan.decide(
        points, snapshots: rules.snapshots, exports: rules.exports, now: now, zone: zone
      ).compactMap { decision in
        byName[decision.point].map { Row(point: $0, decision: decision) }
      }
    }
  }

  /// Starts a run of `retire` for each application, and shows them to their end unless that is not wanted.
  private static func retire(
    _ applications: [String], by policy: Retention, _ arguments: ParsedArguments
  ) async throws {
    if applications.isEmpty {
      return arguments.report(
        "policy \(policy.name) has no restore points", name: policy.name, ["policy": .string(policy.name), "runs": []])
    }
    for application in applications {
      var parameters: [String: JSONValue] = [
        "application": .string(application), "policy": .string(policy.name), "timeZone": .string(policy.zoneName),
      ]
      parameters["retention"] = policy.json
      try await BuiltInRun(workflow: "retire", parameters: parameters).start(arguments)
    }
  }

  /// A point with what becomes of it.
  struct Row: Sendable {
    var point: CataloguedPoint
    var decision: PointDecision

    var outcome: Table.Cell {
      if decision.isWhole { return .init("goes", .yellow) }
      if decision.snapshots.isReleased { return .init("snapshot goes", .yellow) }
      if decision.exports.isReleased { return .init("export goes", .yellow) }
      return .init("stays", .green)
    }

    /// Why, without saying the same of snapshots and exports twice.
    var why: String {
      let (snapshots, exports) = (decision.snapshots, decision.exports)
      if decision.releasesSomething, !decision.isWhole {
        return [("export", exports), ("snapshot", snapshots)].filter { !$0.1.reasons.isEmpty }
          .map { "\($0.0): \($0.1.reasons.joined(separator: ", "))" }.joined(separator: "; ")
      }
      var seen: Set<String> = []
      return (exports.reasons + snapshots.reasons).filter { seen.insert($0).inserted }.joined(separator: ", ")
    }

    var json: JSONValue {
      func verdict(_ verdict: PointDecision.Verdict) -> JSONValue {
        if case .absent = verdict { return .null }
        return ["kept": .bool(verdict.isKept), "reasons": .array(verdict.reasons.map { .string($0) })]
      }
      return [
        "point": .string(point.point.name), "application": .string(point.point.application),
        "createdAt": .init(Moment(point.createdAt)), "goes": .bool(decision.isWhole),
        "snapshots": verdict(decision.snapshots), "exports": verdict(decision.exports),
      ]
    }
  }

  static func listing(now: Moment) -> Listing<Row> {
    Listing(
      nothing: "no restore points",
      columns: [
        (.init("POINT"), { .init($0.point.point.name) }),
        (.init("APPLICATION", isExtra: true), { .init($0.point.point.application) }),
        (.init("AGE", isRight: true), { .init(coarseText(now - Moment($0.point.createdAt))) }),
        (.init("OUTCOME"), { $0.outcome }), (.init("WHY", isFlexible: true), { .init($0.why) }),
      ],
      name: { $0.point.point.name }, json: \.json)
  }
}
