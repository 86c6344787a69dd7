internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast policy status`
enum PolicyStatusCommand {
  static let check = Option<Bool>.flag(
    "--check", "End with 1 if data are older than they may be, a last run failed or a policy has a problem")
  static let name = Operand<String?>.optional(.text("POLICY", completion: .policies), "Only this policy")

  static let command = Command(
    name: "status",
    summary: "Show how old the newest good restore point of each application is, and may be",
    discussion: [
      "AGE is how much would be lost if a restore were needed now: the age of the newest restore point that can be restored from. "
        + "It is a breach if that is more than the policy's rpo, or if there has been no point for so long."
    ],
    options: [check.description],
    operands: [name.description],
    examples: [
      Example(purpose: "All policies", line: "holdfast policy status"),
      Example(purpose: "For a script", line: "holdfast policy status nightly -o json"),
      Example(
        purpose: "For what watches from outside (4: PostgreSQL does not answer)", line: "holdfast policy status --check"
      ),
    ]
  ) { arguments in
    let reader = try arguments.reader()
    let name = arguments[name]
    let rows = try await reader.rows(statement, [name.map { .text($0) } ?? .untyped("")], Status.init)
    if rows.isEmpty, let name {
      throw notFound(
        "policy", name, among: try await reader.names("select distinct policy from holdfast.policy_status order by 1"),
        advice: "'holdfast get policy' lists them")
    }
    arguments.write(rows, as: listing(now: .now))
    let bad = rows.filter(\.needsAttention)
    if arguments[check], !bad.isEmpty {
      throw CommandFailure(
        .failed, "not as it should be: \(bad.map { "\($0.identifier) (\($0.state))" }.joined(separator: ", "))")
    }
  }

  private static let statement = """
    select
      policy, application, scheduled, paused, last_good_point, last_good_at, kept, extract(epoch from age)::float8,
      extract(epoch from rpo)::float8, breached, coalesce(failing, false), last_run_id, last_run_state, last_run_at,
      last_failure, live_run_id, next_slot, problem, protected_since
    from holdfast.policy_status
    where $1 = '' or policy = $1
    order by policy, application
    """

  /// A row of `policy_status`.
  struct Status: Sendable {
    var policy: String
    var application: String?
    var isScheduled: Bool
    var isPaused: Bool
    var lastGood: String?
    var lastGoodAt: Moment?
    var kept: String?
    var age: Double?
    var rpo: Double?
    var isBreached: Bool
    var isFailing: Bool
    var lastRun: Int64?
    var lastRunState: String?
    var lastRunAt: Moment?
    var lastFailure: String?
    var liveRun: Int64?
    var nextSlot: Moment?
    var problem: String?
    var since: Moment?

    @Sendable init(_ row: PostgresRow) throws {
      policy = try row.string(0)
      application = try row.optionalString(1)
      isScheduled = try row.bool(2)
      isPaused = try row.bool(3)
      lastGood = try row.optionalString(4)
      lastGoodAt = try row.optionalMoment(5)
      kept = try row.optionalString(6)
      age = try row.optionalDouble(7)
      rpo = try row.optionalDouble(8)
      isBreached = try row.bool(9)
      isFailing = try row.bool(10)
      lastRun = try row.optionalInt64(11)
      lastRunState = try row.optionalString(12)
      lastRunAt = try row.optionalMoment(13)
      lastFailure = try row.optionalString(14)
      liveRun = try row.optionalInt64(15)
      nextSlot = try row.optionalMoment(16)
      problem = try row.optionalString(17)
      since = try row.optionalMoment(18)
    }

    var state: String {
      if isBreached { return "breach" }
      if problem != nil { return "problem" }
      if isFailing { return "failed" }
      if isPaused { return "paused" }
      return lastGood == nil && lastRun == nil ? "new" : "ok"
    }

    /// Whether data are at risk, or soon will be.
    var needsAttention: Bool { isBreached || problem != nil || isFailing }

    var identifier: String { application.map { "\(policy)/\($0)" } ?? policy }

    var note: String {
      if let problem { return problem }
      if isFailing, let lastFailure { return lastFailure }
      return liveRun.map { "run \($0) is under way" } ?? ""
    }

    var json: JSONValue {
      [
        "policy": .string(policy), "application": .init(application), "state": .string(state),
        "scheduled": .bool(isScheduled), "paused": .bool(isPaused), "lastGoodPoint": .init(lastGood),
        "lastGoodAt": .init(lastGoodAt), "kept": .init(kept), "ageSeconds": .init(age),
        "rpoSeconds": .init(rpo), "breached": .bool(isBreached), "failing": .bool(isFailing),
        "lastRun": .init(lastRun), "lastRunState": .init(lastRunState), "lastRunAt": .init(lastRunAt),
        "lastFailure": .init(lastFailure), "liveRun": .init(liveRun), "nextSlot": .init(nextSlot),
        "problem": .init(problem), "protectedSince": .init(since),
      ]
    }
  }

  static func listing(now: Moment) -> Listing<Status> {
    Listing(
      nothing: "no policies; 'holdfast apply FILE' puts one into force",
      columns: [
        (.init("POLICY"), { .init($0.policy) }), (.init("APPLICATION"), { .init($0.application) }),
        (.init("STATE"), { .state($0.state) }),
        (
          .init("AGE", isRight: true),
          { .init($0.age.map { coarseText(.seconds($0)) } ?? "never", $0.isBreached ? .red : nil) }
        ),
        (.init("RPO", isRight: true), { .init($0.rpo.map { coarseText(.seconds($0)) }) }),
        (.init("LAST GOOD POINT", isExtra: true), { .init($0.lastGood) }),
        (
          .init("LAST RUN"),
          { row in
            guard let state = row.lastRunState, let at = row.lastRunAt else { return .init(nil) }
            return .init("\(state) \(at.ago(from: now))", Table.Cell.state(state).emphasis)
          }
        ),
        (.init("NEXT"), { .init($0.nextSlot?.ahead(of: now)) }),
        (.init("NOTE", isFlexible: true), { .init($0.note) }),
      ],
      name: \.identifier, json: \.json)
  }
}
