internal import CommandSyntax
internal import Glibc
internal import JSON
internal import PostgresClient
internal import StepEngine
internal import Wording

/// `holdfast approve`
enum ApproveCommand {
  static let refuse = Option<Bool>.flag("--refuse", "Refuse instead: the step fails for good")
  static let comment = Option<String?>.optional("--comment", .text("TEXT"), "What the step's outputs say about it")
  static let by = Option<String?>.optional("--by", .text("NAME"), default: "$USER", "Who approves")

  static let all = Option<Bool>.flag("--all", "Answer every approval that the run waits for")
  static let step = Operand<String?>.optional(
    .text("STEP", completion: .steps), "The step that asks, if several do")

  static let command = Command(
    name: "approve",
    summary: "Approve what a run waits for",
    discussion: [
      "Answers the step of the kind 'approval' that waits in the run. If several do, name one, or answer all with --all. If "
        + "none does, nothing is sent and the exit code is 1; 'holdfast explain RUN' tells what the run waits for."
    ],
    options: [refuse.description, comment.description, by.description, all.description],
    operands: [RunReference.operand.description, step.description],
    examples: [
      Example(purpose: "Let the latest run of a workflow go on", line: "holdfast approve restore --comment checked"),
      Example(purpose: "Stop it instead", line: "holdfast approve restore --refuse --comment \"wrong volume\""),
    ]
  ) { arguments in
    let pool = try arguments.pool()
    let reader = StatusReader(pool: pool)
    let run = try await arguments[RunReference.operand].find(reader)
    let waiting = try await reader.names(
      "select name from holdfast.waiting where run_id = $1 and holder = 'signal approval/' || name order by step_id",
      [.int64(run.id.value)])
    guard !waiting.isEmpty else { throw CommandFailure(.failed, try await reason(run, reader)) }
    let steps = try chosen(waiting, arguments, run)
    let person = arguments[by] ?? getenv("USER").map { String(cString: $0) } ?? callerName
    let isApproved = !arguments[refuse]
    let client = EngineClient(pool: pool)
    for step in steps {
      _ = try await client.signal(
        run.id, "approval/" + step,
        payload: [
          "approved": .bool(isApproved), "approvedBy": .init(person), "comment": .init(arguments[comment]),
        ])
    }
    let verb = isApproved ? "approved" : "refused"
    arguments.report(
      "\(verb) \(listed(steps)) of run \(run.id) of \(run.workflow)", name: "\(run.id)",
      [
        "run": .int(run.id.value), "workflow": .string(run.workflow), "approved": .bool(isApproved),
        "steps": .array(steps.map { .string($0) }),
      ])
  }

  /// The steps that are answered, of those that wait.
  private static func chosen(
    _ waiting: [String], _ arguments: ParsedArguments, _ run: RunReference.Found
  ) throws -> [String] {
    if arguments[all] { return waiting }
    if let name = arguments[step] {
      guard waiting.contains(name) else {
        throw notFound(
          "waiting approval", name, among: waiting, advice: "run \(run.id) waits for \(listed(waiting))")
      }
      return [name]
    }
    guard waiting.count == 1 else {
      throw CommandFailure(
        .usage,
        "run \(run.id) waits for several approvals (\(listed(waiting))); name one of them, or answer all with --all")
    }
    return waiting
  }

  /// Why there is nothing to approve; a run that this one started may wait in its place.
  private static func reason(_ run: RunReference.Found, _ reader: StatusReader) async throws -> String {
    if run.isOver { return "run \(run.id) of \(run.workflow) is over already: \(run.state)." }
    let children = try await reader.names(
      """
      select r.run_id::text from holdfast.run_status r join holdfast.waiting w on w.run_id = r.run_id
      where r.parent_run_id = $1 and r.finished_at is null and w.holder = 'signal approval/' || w.name limit 3
      """, [.int64(run.id.value)])
    let hint =
      children.isEmpty
      ? "'holdfast explain \(run.id)' tells what it waits for" : "run \(listed(children)), which it started, does"
    return "run \(run.id) of \(run.workflow) waits for no approval; \(hint)."
  }

  private static func listed(_ names: [String]) -> String { names.joined(separator: ", ") }
}
