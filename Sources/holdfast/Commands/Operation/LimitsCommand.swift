internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Terminal
internal import Wording

/// `holdfast limits`, `holdfast limits set`, `holdfast limits delete`
enum LimitsCommand {
  static let name = Operand<String>.required(.text("NAME", completion: .limits), "The limit, as steps name it")
  static let capacity = Operand<Int>.required(
    .integer(0...1_000_000), "How many steps may run at once under it; 0 stops them all")

  static let command = Command(
    name: "limits",
    summary: "List limits and who holds them, or set one",
    discussion: [
      "Steps name limits; how many of a limit's steps run at once, over all workers, is set here and takes effect at "
        + "once. A limit that is lowered stops no step that runs already."
    ],
    subcommands: [set, delete],
    examples: [Example(purpose: "Who holds what", line: "holdfast limits")]
  ) { arguments in
    let rows = try await arguments.reader().rows(statement, [], Limit.init)
    arguments.write(rows, as: listing)
  }

  private static let set = Command(
    name: "set",
    summary: "Set how many steps may run at once under a limit",
    operands: [name.description, capacity.description],
    examples: [Example(purpose: "Two exports at a time", line: "holdfast limits set exports 2")]
  ) { arguments in
    let (name, capacity) = (arguments[name], arguments[capacity])
    try await EngineClient(pool: arguments.pool()).setLimit(name, capacity)
    arguments.report(
      "limit \(name) is now \(capacity)", name: name, ["limit": .string(name), "capacity": .int(Int64(capacity))])
  }

  private static let delete = Command(
    name: "delete",
    summary: "Delete a limit that no step names",
    operands: [name.description],
    examples: [Example(purpose: "Remove it", line: "holdfast limits delete snapshots")]
  ) { arguments in
    let name = arguments[name]
    let pool = try arguments.pool()
    let names = try await StatusReader(pool: pool).names(#"select "limit" from holdfast.limit_usage"#)
    guard names.contains(name) else { throw notFound("limit", name, among: names) }
    try await EngineClient(pool: pool).setLimit(name, nil)
    arguments.report("limit \(name) is deleted", name: name, ["limit": .string(name), "capacity": .null])
  }

  private static let statement = """
    select "limit", capacity, used, free, waiting, holders, changed_at from holdfast.limit_usage order by 1
    """

  struct Limit: Sendable {
    var name: String
    var capacity: Int64
    var used: Int64
    var free: Int64
    var waiting: Int64
    var holders: [JSONValue]
    var changed: Moment

    @Sendable init(_ row: PostgresRow) throws {
      name = try row.string(0)
      capacity = try row.int64(1)
      used = try row.int64(2)
      free = try row.int64(3)
      waiting = try row.int64(4)
      holders = try row.json(5).array ?? []
      changed = try row.moment(6)
    }

    var holderText: String {
      holders.map { holder in
        "\(holder["step"]?.string ?? "?") of run \(holder["run_id"]?.text ?? "?") on \(holder["worker"]?.string ?? "?")"
      }.joined(separator: ", ")
    }

    var holderJSON: JSONValue {
      .array(
        holders.map { holder in
          [
            "run": holder["run_id"] ?? .null, "step": holder["step"] ?? .null, "worker": holder["worker"] ?? .null,
            "since": holder["since"] ?? .null,
          ]
        })
    }
  }

  static let listing = Listing<Limit>(
    nothing: "no limits; 'holdfast limits set NAME N' sets one",
    columns: [
      (.init("LIMIT"), { .init($0.name) }),
      (.init("USED", isRight: true), { .init("\($0.used)/\($0.capacity)", $0.free == 0 ? .yellow : nil) }),
      (.init("WAITING", isRight: true), { "\($0.waiting)" }),
      (.init("HOLDERS", isFlexible: true), { .init($0.holderText) }),
    ],
    name: { $0.name },
    json: { limit in
      [
        "limit": .string(limit.name), "capacity": .int(limit.capacity), "used": .int(limit.used),
        "free": .int(limit.free), "waiting": .int(limit.waiting), "holders": limit.holderJSON,
        "changedAt": .init(limit.changed),
      ]
    })
}

/// What a command says about a name that does not exist.
func notFound(_ what: String, _ name: String, among names: [String], advice: String? = nil) -> CommandFailure {
  let nearest = nearestNames(to: name, among: names)
  let hint = nearest.isEmpty ? advice.map { "; \($0)." } ?? "." : "; did you mean \(alternatives(nearest))?"
  return CommandFailure(.notFound, "there is no \(what) \(quotedForMessage(name))\(hint)")
}
