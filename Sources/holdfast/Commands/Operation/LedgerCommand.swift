internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Terminal

/// `holdfast ledger`
enum LedgerCommand {
  static let all = Option<Bool>.flag("--all", short: "-a", "Also what has been released")
  static let run = Option<RunReference?>.optional("--run", RunReference.type, "Only what this run made")
  static let limit = Option<Int>.value("--limit", short: "-n", .integer(1...100_000), default: 100, "How many at most")

  static let leftBehind = Option<Bool>.flag("--left-behind", "Only what nobody owns any more")
  static let unknown = Option<Bool>.flag(
    "--unknown", "What volumes have that is not in the ledger: of another installation, or of a lost database")

  static let command = Command(
    name: "ledger",
    summary: "List what steps made in the outside world, and who owns it",
    discussion: [
      "The owner of an object is the live run that made it, or the restore point that keeps it. What has neither is 'left behind': "
        + "the janitor releases it. An 'intent' was announced and may exist.",
      "What the ledger does not know is only reported, as each node saw it within the last minutes; nobody but you may remove it.",
    ],
    options: [
      all.description, leftBehind.description, unknown.description, run.description, limit.description,
    ],
    examples: [
      Example(purpose: "What exists now", line: "holdfast ledger"),
      Example(purpose: "What the janitor has to release", line: "holdfast ledger --left-behind"),
      Example(purpose: "All that a run made", line: "holdfast ledger --all --run nightly"),
      Example(purpose: "Snapshots that are not ours", line: "holdfast ledger --unknown"),
    ]
  ) { arguments in
    let reader = try arguments.reader()
    if arguments[unknown] {
      guard !arguments[all], !arguments[leftBehind], arguments[run] == nil else {
        throw CommandFailure(
          .usage, "--unknown shows what is not in the ledger: leave out --all, --left-behind and --run.")
      }
      let rows = try await reader.rows(
        UnknownObject.statement, [.int64(Int64(arguments[limit]))], UnknownObject.init)
      return arguments.write(rows, as: UnknownObject.listing(now: .now))
    }
    let run = try await arguments[run]?.find(reader).id.value
    let rows = try await reader.rows(
      statement,
      [
        .bool(arguments[all]), .int64(run ?? 0), .int64(Int64(arguments[limit])), .bool(arguments[leftBehind]),
      ], Resource.init)
    arguments.write(rows, as: listing(now: .now))
  }

  /// The command under the name that it had before.
  static let formerName: Command = {
    var former = command
    former.name = "resources"
    former.isHidden = true
    former.examples = [Example(purpose: "What exists now", line: "holdfast resources")]
    return former
  }()

  private static let statement = """
    select
      resource_id, kind, driver, name, state, run_id, workflow, step, left_behind, detail, intended_at, made_at, released_at,
      owner
    from holdfast.resource_ledger
    where ($1 or state <> 'released') and ($2 = 0 or run_id = $2) and (not $4 or left_behind)
    order by resource_id desc limit $3
    """

  struct Resource: Sendable {
    var id: Int64
    var kind: String
    var driver: String
    var name: String
    var state: String
    var run: Int64?
    var workflow: String?
    var step: String?
    var isLeftBehind: Bool
    var detail: JSONValue
    var intended: Moment
    var made: Moment?
    var released: Moment?
    var owner: String?

    @Sendable init(_ row: PostgresRow) throws {
      id = try row.int64(0)
      kind = try row.string(1)
      driver = try row.string(2)
      name = try row.string(3)
      state = try row.string(4)
      run = try row.optionalInt64(5)
      workflow = try row.optionalString(6)
      step = try row.optionalString(7)
      isLeftBehind = try row.optionalBool(8) ?? false
      detail = try row.json(9)
      intended = try row.moment(10)
      made = try row.optionalMoment(11)
      released = try row.optionalMoment(12)
      owner = try row.optionalString(13)
    }
  }

  static func listing(now: Moment) -> Listing<Resource> {
    Listing(
      nothing: "nothing is open",
      columns: [
        (.init("KIND"), { .init($0.kind) }), (.init("NAME", isFlexible: true), { .init($0.name) }),
        (.init("STATE"), { .state($0.isLeftBehind ? "left behind" : $0.state) }),
        (.init("DRIVER", isExtra: true), { .init($0.driver) }),
        (.init("OWNER", isFlexible: true), { .init($0.owner) }),
        (.init("RUN", isExtra: true), { .init($0.run.map(String.init)) }),
        (.init("STEP", isFlexible: true, isExtra: true), { .init($0.step) }),
        (.init("SINCE"), { .init($0.intended.ago(from: now)) }),
      ],
      name: { $0.name },
      json: { resource in
        [
          "resource": .int(resource.id), "kind": .string(resource.kind), "driver": .string(resource.driver),
          "name": .string(resource.name), "state": .string(resource.state), "leftBehind": .bool(resource.isLeftBehind),
          "run": .init(resource.run), "workflow": .init(resource.workflow), "step": .init(resource.step),
          "detail": resource.detail, "intendedAt": .init(resource.intended), "madeAt": .init(resource.made),
          "releasedAt": .init(resource.released), "owner": .init(resource.owner),
        ]
      })
  }
}
