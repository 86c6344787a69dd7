internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Terminal

/// `holdfast workers`
enum WorkersCommand {
  static let all = Option<Bool>.flag("--all", short: "-a", "Also those that have stopped or were lost")

  static let command = Command(
    name: "workers",
    summary: "List workers, and how busy they are",
    discussion: ["BUSY counts the steps that a worker does now, of those that it can do at once."],
    options: [all.description],
    examples: [
      Example(purpose: "Who is there", line: "holdfast workers"),
      Example(purpose: "Who was there, too", line: "holdfast workers --all"),
    ]
  ) { arguments in
    let rows = try await arguments.reader().rows(statement, [.bool(arguments[all])], Worker.init)
    arguments.write(rows, as: listing(now: .now))
  }

  private static let statement = """
    select
      worker_id, name, state, host, pid, version, labels, kinds, queues, slots, busy, started_at, last_seen_at,
      lease_ends_at, ended_at
    from holdfast.worker_status
    where $1 or state in ('active', 'draining')
    order by state not in ('active', 'draining'), name, worker_id
    """

  struct Worker: Sendable {
    var id: Int64
    var name: String
    var state: String
    var host: String?
    var pid: Int64?
    var version: String?
    var labels: JSONValue
    var kinds: [String]
    var queues: [String]?
    var slots: Int64
    var busy: Int64
    var started: Moment
    var seen: Moment
    var leaseEnds: Moment?
    var ended: Moment?

    @Sendable init(_ row: PostgresRow) throws {
      id = try row.int64(0)
      name = try row.string(1)
      state = try row.string(2)
      host = try row.optionalString(3)
      pid = try row.optionalInt64(4)
      version = try row.optionalString(5)
      labels = try row.json(6)
      kinds = try row.isNull(7) ? [] : row.textArray(7)
      queues = try row.isNull(8) ? nil : row.textArray(8)
      slots = try row.int64(9)
      busy = try row.int64(10)
      started = try row.moment(11)
      seen = try row.moment(12)
      leaseEnds = try row.optionalMoment(13)
      ended = try row.optionalMoment(14)
    }

    var labelText: String {
      (labels.object ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? $0.value.text)" }
        .joined(separator: " ")
    }
  }

  static func listing(now: Moment) -> Listing<Worker> {
    Listing(
      nothing: "no workers; 'holdfast worker' starts one",
      columns: [
        (.init("NAME"), { .init($0.name) }), (.init("STATE"), { .state($0.state) }),
        (.init("BUSY", isRight: true), { "\($0.busy)/\($0.slots)" }),
        (.init("SEEN"), { .init($0.seen.ago(from: now)) }),
        (.init("STARTED", isExtra: true), { .init($0.started.ago(from: now)) }),
        (.init("HOST", isExtra: true), { .init($0.host) }), (.init("VERSION", isExtra: true), { .init($0.version) }),
        (.init("QUEUES", isFlexible: true, isExtra: true), { .init($0.queues?.joined(separator: ",") ?? "all") }),
        (.init("LABELS", isFlexible: true, isExtra: true), { .init($0.labelText) }),
      ],
      name: { $0.name },
      json: { worker in
        [
          "worker": .int(worker.id), "name": .string(worker.name), "state": .string(worker.state),
          "host": .init(worker.host), "pid": .init(worker.pid), "version": .init(worker.version),
          "labels": worker.labels, "kinds": .array(worker.kinds.map { .string($0) }),
          "queues": worker.queues.map { .array($0.map { .string($0) }) } ?? .null, "slots": .int(worker.slots),
          "busy": .int(worker.busy), "startedAt": .init(worker.started), "lastSeenAt": .init(worker.seen),
          "leaseEndsAt": .init(worker.leaseEnds), "endedAt": .init(worker.ended),
        ]
      })
  }
}
