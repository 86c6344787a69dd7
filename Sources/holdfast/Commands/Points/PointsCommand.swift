internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import RestorePoints
internal import StepEngine
internal import Terminal

/// `holdfast points`
enum PointsCommand {
  static let application = Operand<String?>.optional(
    .text("APP", completion: .applications), "Only points of this application")
  static let point = Operand<String>.required(
    .text("POINT", completion: .points), "A restore point, or an application for its last good one")
  static let policy = Option<String?>.optional(
    "--policy", .text("NAME", completion: .policies), "Only points that this policy made")
  static let all = Option<Bool>.flag("--all", short: "-a", "Also those that are retired")
  static let limit = Option<Int>.value("--limit", short: "-n", .integer(1...100_000), default: 20, "How many at most")

  static let command = Command(
    name: "points",
    summary: "List restore points, the newest first",
    discussion: [
      "KEPT says what a point can be restored from: an export in a repository, a snapshot beside the data, or both. ADDED is what "
        + "its exports took there beyond what was there already. 'holdfast points show POINT' shows one in full."
    ],
    options: [policy.description, all.description, limit.description],
    operands: [application.description],
    subcommands: [PointCommands.show, PointCommands.pin, PointCommands.unpin],
    examples: [
      Example(purpose: "What an application can be restored to", line: "holdfast points shop"),
      Example(
        purpose: "The last ones of a policy, for a script", line: "holdfast points --policy nightly -n 5 -o json"),
    ]
  ) { arguments in
    let reader = try arguments.reader()
    let application = arguments[application]
    let rows = try await reader.rows(
      statement(hasApplication: application != nil, hasPolicy: arguments[policy] != nil, withRetired: arguments[all]),
      [
        .int64(Int64(arguments[limit])), application.map { .text($0) } ?? .untyped(""),
        arguments[policy].map { .text($0) } ?? .untyped(""),
      ], Point.init)
    if rows.isEmpty, let application {
      let known = try await reader.names("select distinct application from holdfast.restore_points order by 1")
      guard known.contains(application) else {
        throw notFound(
          "restore point of an application", application, among: known, advice: "'holdfast points' lists all")
      }
    }
    arguments.write(rows, as: listing(now: .now))
  }

  /// Only the conditions that are asked for, so that each form is read from its own index.
  static func statement(hasApplication: Bool, hasPolicy: Bool, withRetired: Bool) -> String {
    let conditions =
      [
        hasApplication ? "application = $2" : "$2::text is not null",
        hasPolicy ? "policy = $3" : "$3::text is not null",
      ] + (withRetired ? [] : ["state <> 'retired'"])
    return """
      select
        name, application, policy, profile, run_id, created_at, extract(epoch from age)::float8, consistency, state, kept,
        volumes, snapshots, exports, bytes, added_bytes, pinned, coalesce(held_by, '{}'), expires_at, lock_until,
        verified_at, verified_ok, recovery_seconds, reason, drill_problem, adopted
      from holdfast.restore_points
      where \(conditions.joined(separator: " and "))
      order by created_at desc, point_id desc limit $1
      """
  }

  /// A row of `restore_points`.
  struct Point: Sendable {
    var name: String
    var application: String
    var policy: String?
    var profile: String?
    var run: Int64?
    var created: Moment
    var age: Double
    var consistency: String
    var state: String
    var kept: String
    var volumes: Int64
    var snapshots: Int64
    var exports: Int64
    var bytes: Int64
    var addedBytes: Int64
    var isPinned: Bool
    var heldBy: [Int64]
    var expires: Moment?
    var lockUntil: Moment?
    var verified: Moment?
    var verifiedOK: Bool?
    var recoverySeconds: Double?
    var reason: String?
    var drillProblem: String?
    var isAdopted: Bool

    @Sendable init(_ row: PostgresRow) throws {
      name = try row.string(0)
      application = try row.string(1)
      policy = try row.optionalString(2)
      profile = try row.optionalString(3)
      run = try row.optionalInt64(4)
      created = try row.moment(5)
      age = try row.double(6)
      consistency = try row.string(7)
      state = try row.string(8)
      kept = try row.string(9)
      volumes = try row.int64(10)
      snapshots = try row.int64(11)
      exports = try row.int64(12)
      bytes = try row.int64(13)
      addedBytes = try row.int64(14)
      isPinned = try row.bool(15)
      heldBy = try row.int64Array(16)
      expires = try row.optionalMoment(17)
      lockUntil = try row.optionalMoment(18)
      verified = try row.optionalMoment(19)
      verifiedOK = try row.optionalBool(20)
      recoverySeconds = try row.optionalDouble(21)
      reason = try row.optionalString(22)
      drillProblem = try row.optionalString(23)
      isAdopted = try row.bool(24)
    }

    /// What sets it apart from others.
    func note(now: Moment) -> Table.Cell {
      if state != "complete" { return .init(reason ?? "") }
      if verifiedOK == false { return .init("failed its restore drill", .red) }
      var notes: [String] = []
      if isPinned { notes.append("pinned") }
      if !isAdopted { notes.append("imported, not adopted") }
      if !heldBy.isEmpty { notes.append("in use by run " + heldBy.map(String.init).joined(separator: ", ")) }
      if let lockUntil, lockUntil > now { notes.append("locked for " + coarseText(lockUntil - now)) }
      if let expires {
        notes.append(expires > now ? "expires " + expires.ahead(of: now) : "expired " + expires.ago(from: now))
      }
      if let verified { notes.append("verified " + verified.ago(from: now)) }
      if drillProblem != nil { notes.append("its last drill could not be done") }
      return .init(notes.joined(separator: ", "), nil)
    }

    var json: JSONValue {
      [
        "point": .string(name), "application": .string(application), "policy": .init(policy),
        "profile": .init(profile), "run": .init(run), "createdAt": .init(created), "ageSeconds": .double(age),
        "consistency": .string(consistency), "state": .string(state), "kept": .string(kept), "volumes": .int(volumes),
        "snapshots": .int(snapshots), "exports": .int(exports), "bytes": .int(bytes), "addedBytes": .int(addedBytes),
        "pinned": .bool(isPinned), "adopted": .bool(isAdopted), "heldBy": .array(heldBy.map { .int($0) }),
        "expiresAt": .init(expires),
        "lockUntil": .init(lockUntil), "verifiedAt": .init(verified),
        "verifiedOk": .init(verifiedOK),
        "recoverySeconds": .init(recoverySeconds), "reason": .init(reason), "drillProblem": .init(drillProblem),
      ]
    }
  }

  static func listing(now: Moment) -> Listing<Point> {
    Listing(
      nothing: "no restore points",
      columns: [
        (.init("POINT"), { .init($0.name) }),
        (.init("APPLICATION", isExtra: true), { .init($0.application) }),
        (.init("POLICY", isExtra: true), { .init($0.policy) }),
        (.init("AGE", isRight: true), { .init(coarseText(.seconds($0.age))) }),
        (.init("STATE"), { .state($0.state) }),
        (.init("KEPT"), { .kept($0.kept) }),
        (.init("CONSISTENCY", isExtra: true), { .init($0.consistency) }),
        (.init("SIZE", isRight: true), { .init(byteText(Int($0.bytes))) }),
        (.init("ADDED", isRight: true, isExtra: true), { .init(byteText(Int($0.addedBytes))) }),
        (.init("NOTE", isFlexible: true), { $0.note(now: now) }),
      ],
      name: { $0.name }, json: \.json)
  }
}

extension Table.Cell {
  /// What a point is kept as.
  static func kept(_ kept: String) -> Table.Cell {
    .init(kept, kept == "nothing" || kept == "in part" ? .red : nil)
  }
}
