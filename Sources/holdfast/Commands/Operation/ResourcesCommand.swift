internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Terminal

/// `holdfast resources`
enum ResourcesCommand {
  static let all = Option<Bool>.flag("--all", short: "-a", "Also what has been released")
  static let run = Option<RunReference?>.optional("--run", RunReference.type, "Only what this run made")
  static let limit = Option<Int>.value("--limit", short: "-n", .integer(1...100_000), default: 100, "How many at most")

  static let command = Command(
    name: "resources",
    summary: "List what steps made in the outside world, from the ledger",
    discussion: [
      "An 'intent' was announced and may exist. What is 'left behind' belongs to no live run, and is released by the "
        + "janitor."
    ],
    options: [all.description, run.description, limit.description],
    examples: [
      Example(purpose: "What exists now", line: "holdfast resources"),
      Example(purpose: "All that a run made", line: "holdfast resources --all --run nightly"),
    ]
  ) { arguments in
    let reader = try arguments.reader()
    let run = try await arguments[run]?.find(reader).id.value
    let rows = try await reader.rows(
      statement, [.bool(arguments[all]), .int64(run ?? 0), .int64(Int64(arguments[limit]))], Resource.init)
    arguments.write(rows, as: listing(now: .now))
  }

  private static let statement = """
    select
      resource_id, kind, driver, name, state, run_id, workflow, step, left_behind, detail, intended_at, made_at, released_at
    from holdfast.resource_ledger
    where ($1 or state <> 'released') and ($2 = 0 or run_id = $2)
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
    }
  }

  static func listing(now: Moment) -> Listing<Resource> {
    Listing(
      nothing: "no resources",
      columns: [
        (.init("KIND"), { .init($0.kind) }), (.init("NAME", isFlexible: true), { .init($0.name) }),
        (.init("STATE"), { .state($0.isLeftBehind ? "left behind" : $0.state) }),
        (.init("DRIVER", isExtra: true), { .init($0.driver) }),
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
          "releasedAt": .init(resource.released),
        ]
      })
  }
}
