internal import CommandSyntax
internal import JSON
internal import PostgresClient
internal import RestorePoints
internal import StepEngine
internal import Terminal

/// `holdfast points show`, `pin` and `unpin`
enum PointCommands {
  static let show = Command(
    name: "show",
    summary: "Show a restore point with its volumes and artifacts",
    operands: [PointsCommand.point.description],
    examples: [
      Example(purpose: "The last good point of an application", line: "holdfast points show shop"),
      Example(
        purpose: "As it is sealed in the repository", line: "holdfast points show shop-20261128-142233-17 -o json"),
    ]
  ) { arguments in
    let point = try await find(arguments)
    switch arguments[GlobalOptions.output] {
    case .table: writeText(PointText(point, now: .now).lines(arguments.style).map { $0 + "\n" }.joined())
    case .name: writeText(point.point.name + "\n")
    case let format: writeText(documentText(point.json, as: format, style: arguments.style))
    }
  }

  static let pin = command(
    "pin", true, summary: "Keep a restore point, whatever the rules say",
    discussion: "Nothing of a pinned point is retired: neither its exports nor its snapshots.",
    example: Example(purpose: "Before an upgrade", line: "holdfast points pin shop"))

  static let unpin = command(
    "unpin", false, summary: "Let the rules decide about a restore point again",
    discussion: "What becomes of it then says 'holdfast policy retention NAME --dry-run'.",
    example: Example(purpose: "After it went well", line: "holdfast points unpin shop-20261128-142233-17"))

  private static func command(
    _ name: String, _ isPinned: Bool, summary: String, discussion: String, example: Example
  ) -> Command {
    Command(
      name: name, summary: summary, discussion: [discussion], operands: [PointsCommand.point.description],
      examples: [example]
    ) { arguments in
      let point = try await find(arguments).point.name
      let isNew = try await RestorePointStore(pool: arguments.pool()).pin(point, isPinned)
      arguments.report(
        "restore point \(point) is \(isNew ? "" : isPinned ? "already " : "")\(isPinned ? "pinned" : "not pinned")",
        name: point, ["point": .string(point), "pinned": .bool(isPinned), "changed": .bool(isNew)])
    }
  }

  /// The point that the command line names.
  static func find(_ arguments: ParsedArguments) async throws -> CataloguedPoint {
    let pool = try arguments.pool()
    let name = arguments[PointsCommand.point]
    if let point = try await RestorePointStore(pool: pool).point(name) { return point }
    let names = try await StatusReader(pool: pool).names(
      """
      select name from (select name from holdfast.restore_points order by created_at desc, point_id desc limit 1000) p
      union select distinct application from holdfast.restore_points
      """)
    throw notFound("restore point or application with one", name, among: names, advice: "'holdfast points' lists them")
  }
}
