internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import Schedules
internal import Terminal
internal import TimeZones

/// `holdfast schedule`
enum ScheduleCommand {
  static let policy = Operand<String?>.optional(
    .text("POLICY", completion: .policies), "The policy whose schedule is meant, unless --cron gives one")
  static let cron = Option<String?>.optional(
    "--cron", .text("EXPRESSION"), "A cron expression to try out; needs no database")
  static let zone = Option<String?>.optional(
    "--zone", .text("ZONE", completion: .names { _ in TimeZoneDatabase.system.names() }), default: "UTC",
    "The time zone of --cron, such as Europe/Berlin")
  static let count = Option<Int>.value("--count", short: "-n", .integer(1...1000), default: 10, "How many slots")

  static let command = Command(
    name: "schedule",
    summary: "Look into schedules",
    subcommands: [next])

  private static let next = Command(
    name: "next",
    summary: "Show when a schedule fires next",
    discussion: [
      "A slot's time is shown in the schedule's zone and in UTC, with a note where daylight saving shifts it. Where a policy "
        + "has windows or jitter, FIRES is when the slot falls due."
    ],
    options: [count.description, cron.description, zone.description],
    operands: [policy.description],
    examples: [
      Example(purpose: "The next slots of a policy", line: "holdfast schedule next nightly"),
      Example(
        purpose: "Try an expression",
        line: "holdfast schedule next --cron \"30 2 * * *\" --zone Europe/Berlin -n 5"),
    ]
  ) { arguments in
    let name = arguments[policy]
    let now = Moment.now
    let rules = try await rules(arguments)
    let slots = SlotPreview.next(
      arguments[count], of: rules, policy: name ?? "", after: now.microseconds / 1_000_000)
    let showsDue = slots.contains { $0.slot != $0.dueAt }
    arguments.write(slots, as: SlotPreview.listing(zone: rules.timeZone.name, now: now, showsDue: showsDue))
  }

  private static func rules(_ arguments: ParsedArguments) async throws -> ScheduleRules {
    switch (arguments[policy], arguments[cron]) {
    case (nil, nil): throw UsageError(message: "POLICY or --cron is missing", command: "schedule next")
    case (_?, _?): throw UsageError(message: "POLICY and --cron exclude each other", command: "schedule next")
    case (let name?, nil):
      if arguments.isGiven(zone) { throw UsageError(message: "--zone goes with --cron", command: "schedule next") }
      return try await stored(name, arguments.reader())
    case (nil, let text?):
      do {
        return ScheduleRules(
          cron: try CronExpression(text),
          timeZone: try TimeZoneDatabase.system.zone(named: arguments[zone] ?? "UTC"))
      } catch { throw UsageError(message: "\(error)", command: "schedule next") }
    }
  }

  /// The schedule of a policy in the database.
  private static func stored(_ name: String, _ reader: StatusReader) async throws -> ScheduleRules {
    let found = try await reader.rows(
      "select schedule from holdfast.schedule_status where policy = $1", [.text(name)]
    ) { try $0.json(0) }
    guard let schedule = found.first else {
      let names = try await reader.names("select policy from holdfast.schedule_status")
      throw notFound("policy with a schedule called", name, among: names, advice: "'holdfast policies' lists them")
    }
    do {
      return try ScheduleRules(json: schedule)
    } catch { throw CommandFailure(.failed, "the schedule of policy \(name) can't be followed: \(error)") }
  }
}
