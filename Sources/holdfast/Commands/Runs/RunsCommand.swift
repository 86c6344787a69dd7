internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast runs`
enum RunsCommand {
  enum State: String, Sendable, CaseIterable {
    case running, cancelling, undoing, succeeded, failed, cancelled
  }

  static let state = Option<[State]>.repeated("--state", .choice("STATE"), "Only runs in this state")
  static let policy = Option<String?>.optional(
    "--policy", .text("NAME", completion: .policies), "Only runs of this policy")
  static let workflow = Option<String?>.optional(
    "--workflow", .text("NAME", completion: .workflows), "Only runs of this workflow")
  static let limit = Option<Int>.value("--limit", short: "-n", .integer(1...10_000), default: 20, "How many at most")

  static let command = Command(
    name: "runs",
    summary: "List runs, the newest first",
    discussion: [
      "STEPS counts those that are over, of those that are known so far. A run can be named by its number, by 'latest', "
        + "or by its workflow or policy, if it is the latest of that."
    ],
    options: [state.description, policy.description, workflow.description, limit.description],
    examples: [
      Example(purpose: "What goes on", line: "holdfast runs --state running"),
      Example(purpose: "The last failures of a policy", line: "holdfast runs --policy nightly --state failed -n 5"),
      Example(purpose: "For a script", line: "holdfast runs -o json --limit 100"),
    ]
  ) { arguments in
    let rows = try await arguments.reader().rows(
      statement,
      [
        .textArray(arguments[state].map(\.rawValue)), arguments[policy].map { .text($0) } ?? .untyped(""),
        arguments[workflow].map { .text($0) } ?? .untyped(""), .int64(Int64(arguments[limit])),
      ], Run.init)
    arguments.write(rows, as: listing(now: .now))
  }

  private static let statement = """
    select
      run_id, workflow, policy, queue, state, submitted_at, started_at, finished_at,
      extract(epoch from elapsed)::float8, steps_total,
      steps_succeeded + steps_failed + steps_skipped + steps_omitted + steps_cancelled,
      steps_failed, steps_running, steps_ready, steps_waiting, steps_blocked, failure, stop_reason, parent_run_id
    from holdfast.run_status
    where ($1 = '{}' or state = any ($1)) and ($2 = '' or policy = $2) and ($3 = '' or workflow = $3)
    order by run_id desc limit $4
    """

  /// A row of `run_status`.
  struct Run: Sendable {
    var id: Int64
    var workflow: String
    var policy: String?
    var queue: String
    var state: String
    var submitted: Moment
    var started: Moment?
    var finished: Moment?
    var elapsed: Double
    var steps: Int64
    var over: Int64
    var failed: Int64
    var running: Int64
    var ready: Int64
    var waiting: Int64
    var blocked: Int64
    var failure: String?
    var stopReason: String?
    var parent: Int64?

    @Sendable init(_ row: PostgresRow) throws {
      id = try row.int64(0)
      workflow = try row.string(1)
      policy = try row.optionalString(2)
      queue = try row.string(3)
      state = try row.string(4)
      submitted = try row.moment(5)
      started = try row.optionalMoment(6)
      finished = try row.optionalMoment(7)
      elapsed = try row.double(8)
      steps = try row.int64(9)
      over = try row.int64(10)
      failed = try row.int64(11)
      running = try row.int64(12)
      ready = try row.int64(13)
      waiting = try row.int64(14)
      blocked = try row.int64(15)
      failure = try row.optionalString(16)
      stopReason = try row.optionalString(17)
      parent = try row.optionalInt64(18)
    }

    /// What is worth knowing beside the numbers: why it failed or was stopped, or what it does.
    var note: String {
      if let reason = stopReason ?? failure { return reason }
      if finished != nil { return "" }
      let counts = [(running, "running"), (ready, "ready"), (waiting, "waiting")].filter { $0.0 > 0 }
      return counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
  }

  static func listing(now: Moment) -> Listing<Run> {
    Listing(
      nothing: "no runs",
      columns: [
        (.init("RUN"), { "\($0.id)" }), (.init("WORKFLOW"), { .init($0.workflow) }),
        (.init("POLICY", isExtra: true), { .init($0.policy) }), (.init("STATE"), { .state($0.state) }),
        (.init("STEPS", isRight: true), { "\($0.over)/\($0.steps)" }),
        (.init("SUBMITTED"), { .init($0.submitted.ago(from: now)) }),
        (.init("TOOK", isRight: true, isExtra: true), { .init(durationText(.seconds($0.elapsed))) }),
        (.init("NOTE", isFlexible: true, narrowest: 24), { .init($0.note) }),
      ],
      name: { "\($0.id)" },
      json: { run in
        [
          "run": .int(run.id), "workflow": .string(run.workflow), "policy": .init(run.policy),
          "queue": .string(run.queue), "state": .string(run.state), "submittedAt": .init(run.submitted),
          "startedAt": .init(run.started), "finishedAt": .init(run.finished), "elapsedSeconds": .double(run.elapsed),
          "steps": [
            "total": .int(run.steps), "over": .int(run.over), "failed": .int(run.failed), "running": .int(run.running),
            "ready": .int(run.ready), "waiting": .int(run.waiting), "blocked": .int(run.blocked),
          ],
          "failure": .init(run.failure), "stopReason": .init(run.stopReason), "parentRun": .init(run.parent),
        ]
      })
  }
}
