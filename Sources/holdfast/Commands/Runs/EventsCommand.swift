internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Terminal

/// `holdfast events`
enum EventsCommand {
  static let follow = Option<Bool>.flag("--follow", short: "-f", "Go on with new ones as they come, until interrupted")
  static let run = Option<RunReference?>.optional("--run", RunReference.type, "Only those of this run")
  static let kind = Option<[String]>.repeated("--kind", .text("KIND"), "Only those of this kind, such as step-failed")
  static let limit = Option<Int>.value("--limit", short: "-n", .integer(1...10_000), default: 30, "The last so many")

  static let command = Command(
    name: "events",
    summary: "Show what happened: failures, lost workers, pauses, missed slots",
    discussion: [
      "The latest come last. With --follow and -o json each event is a document on a line of its own. Times are UTC."
    ],
    options: [follow.description, run.description, kind.description, limit.description],
    examples: [
      Example(purpose: "Keep an eye on it", line: "holdfast events -f"),
      Example(purpose: "The failures of a run", line: "holdfast events --run nightly --kind step-failed"),
    ]
  ) { arguments in
    let reader = try arguments.reader()
    let run = try await arguments[run]?.find(reader).id.value
    let events = try await reader.rows(
      last, [.int64(run ?? 0), .textArray(arguments[kind]), .int64(Int64(arguments[limit]))], Event.init)
    guard arguments[follow] else { return arguments.write(events.reversed(), as: listing) }
    try await go(on: events.reversed(), arguments) { seen in
      try await reader.rows(
        since, [.int64(run ?? 0), .textArray(arguments[kind]), .timestamp(seen.microseconds)], Event.init)
    }
  }

  private static let select = """
    select at, kind, message, subject, run_id, workflow, policy, step, worker from holdfast.event_log
    where ($1 = 0 or run_id = $1) and ($2 = '{}' or kind = any ($2))
    """
  private static let last = select + " order by at desc limit $3"
  private static let since = select + " and at >= $3 order by at"

  struct Event: Sendable, Hashable {
    var at: Moment
    var kind: String
    var message: String
    var subject: String?
    var run: Int64?
    var workflow: String?
    var policy: String?
    var step: String?
    var worker: String?

    @Sendable init(_ row: PostgresRow) throws {
      at = try row.moment(0)
      kind = try row.string(1)
      message = try row.string(2)
      subject = try row.optionalString(3)
      run = try row.optionalInt64(4)
      workflow = try row.optionalString(5)
      policy = try row.optionalString(6)
      step = try row.optionalString(7)
      worker = try row.optionalString(8)
    }

    var json: JSONValue {
      [
        "at": .init(at), "kind": .string(kind), "message": .string(message), "subject": .init(subject),
        "run": .init(run), "workflow": .init(workflow), "policy": .init(policy), "step": .init(step),
        "worker": .init(worker),
      ]
    }

    var kindCell: Table.Cell {
      let isBad = kind.hasSuffix("-failed") || kind.hasSuffix("-lost") || kind.hasSuffix("-problem")
      return .init(kind, isBad ? .red : nil)
    }
  }

  static let listing = Listing<Event>(
    nothing: "no events",
    columns: [
      (.init("TIME (UTC)"), { .init($0.at.text) }), (.init("KIND"), { $0.kindCell }),
      (.init("RUN", isExtra: true), { .init($0.run.map(String.init)) }),
      (.init("MESSAGE", isFlexible: true, narrowest: 40), { .init($0.message) }),
    ],
    name: { $0.kind }, json: { $0.json })

  /// Writes events and then new ones as they come. Looks a little back each time: one that began earlier may be
  /// committed later.
  private static func go(
    on events: [Event], _ arguments: ParsedArguments, _ next: (Moment) async throws -> [Event]
  ) async throws {
    let lookBack: Int64 = 10_000_000
    var seen = Set(events)
    write(events, arguments)
    var latest = events.last?.at ?? .now
    while true {
      try await Task.sleep(for: .seconds(1))
      let new = try await next(Moment(microseconds: latest.microseconds - lookBack)).filter { !seen.contains($0) }
      write(new, arguments)
      latest = max(latest, new.last?.at ?? latest)
      seen.formUnion(new)
      seen = seen.filter { $0.at.microseconds >= latest.microseconds - lookBack }
    }
  }

  private static func write(_ events: [Event], _ arguments: ParsedArguments) {
    let style = arguments.style
    let lines = events.map { event in
      switch arguments[GlobalOptions.output] {
      case .json: event.json.text + "\n"
      case .yaml: "---\n" + documentText(event.json, as: .yaml, style: style)
      case .name: event.kind + "\n"
      case .table:
        style.emphasized(event.at.text, .faint) + "  "
          + style.emphasized(padded(event.kind, to: 15), event.kindCell.emphasis) + "  " + singleLine(event.message)
          + (event.run.map { " (run \($0))" } ?? "") + "\n"
      }
    }
    writeText(lines.joined())
  }
}
