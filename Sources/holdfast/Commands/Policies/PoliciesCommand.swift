internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast policies`
enum PoliciesCommand {
  static let command = Command(
    name: "policies",
    summary: "List policies with a schedule, and how old their last success is",
    discussion: [
      "DATA AGE is the time since the last run of its schedule that succeeded began; 'holdfast policy status' tells the age of points."
    ],
    examples: [
      Example(purpose: "How old the backups are", line: "holdfast policies"),
      Example(purpose: "For a script", line: "holdfast policies -o json"),
    ]
  ) { arguments in
    let rows = try await arguments.reader().rows(statement, [], Policy.init)
    arguments.write(rows, as: listing(now: .now))
  }

  private static let statement = """
    select
      policy, workflow, enabled, paused, pause_reason, problem, schedule, next_slot, last_fired_slot, last_run_id,
      last_run_state, last_success_at, extract(epoch from last_success_age)::float8, cardinality(queued_slots)
    from holdfast.schedule_status order by policy
    """

  struct Policy: Sendable {
    var name: String
    var workflow: String?
    var isEnabled: Bool
    var isPaused: Bool
    var pauseReason: String?
    var problem: String?
    var schedule: JSONValue
    var nextSlot: Moment?
    var lastSlot: Moment?
    var lastRun: Int64?
    var lastRunState: String?
    var lastSuccess: Moment?
    var dataAge: Double?
    var queued: Int64

    @Sendable init(_ row: PostgresRow) throws {
      name = try row.string(0)
      workflow = try row.optionalString(1)
      isEnabled = try row.bool(2)
      isPaused = try row.bool(3)
      pauseReason = try row.optionalString(4)
      problem = try row.optionalString(5)
      schedule = try row.json(6)
      nextSlot = try row.optionalMoment(7)
      lastSlot = try row.optionalMoment(8)
      lastRun = try row.optionalInt64(9)
      lastRunState = try row.optionalString(10)
      lastSuccess = try row.optionalMoment(11)
      dataAge = try row.optionalDouble(12)
      queued = try row.int64(13)
    }

    var state: String { problem != nil ? "problem" : isPaused ? "paused" : isEnabled ? "on" : "off" }

    var note: String {
      if let problem { return problem }
      if isPaused { return pauseReason ?? "" }
      return queued > 0 ? "\(queued) waiting for an earlier run" : ""
    }
  }

  static func listing(now: Moment) -> Listing<Policy> {
    Listing(
      nothing: "no policies with a schedule",
      columns: [
        (.init("POLICY"), { .init($0.name) }), (.init("STATE"), { .state($0.state) }),
        (.init("NEXT"), { .init($0.nextSlot?.ahead(of: now)) }),
        (.init("LAST RUN"), { $0.lastRunState.map { .state($0) } ?? .init($0.lastRun.map { _ in "gone" }) }),
        (.init("DATA AGE"), { .init($0.dataAge.map { coarseText(.seconds($0)) } ?? "never") }),
        (.init("SCHEDULE", isExtra: true), { .init(scheduleText($0.schedule)) }),
        (.init("WORKFLOW", isExtra: true), { .init($0.workflow) }),
        (.init("NOTE", isFlexible: true), { .init($0.note) }),
      ],
      name: { $0.name },
      json: { policy in
        [
          "policy": .string(policy.name), "workflow": .init(policy.workflow), "enabled": .bool(policy.isEnabled),
          "paused": .bool(policy.isPaused), "pauseReason": .init(policy.pauseReason), "problem": .init(policy.problem),
          "schedule": policy.schedule, "nextSlot": .init(policy.nextSlot), "lastSlot": .init(policy.lastSlot),
          "lastRun": .init(policy.lastRun), "lastRunState": .init(policy.lastRunState),
          "lastSuccessAt": .init(policy.lastSuccess), "dataAgeSeconds": .init(policy.dataAge),
          "queuedSlots": .int(policy.queued),
        ]
      })
  }

  /// The cron expression and its zone.
  private static func scheduleText(_ schedule: JSONValue) -> String {
    [schedule["cron"]?.string, schedule["timeZone"]?.string].compactMap(\.self).joined(separator: " ")
  }
}
