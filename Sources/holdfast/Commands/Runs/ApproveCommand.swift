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

  static let command = Command(
    name: "approve",
    summary: "Approve what a run waits for",
    discussion: [
      "Goes to the steps of the kind 'approval' that wait in the run. If none does, nothing is sent and the exit code "
        + "is 1; 'holdfast explain RUN' tells what the run waits for."
    ],
    options: [refuse.description, comment.description, by.description],
    operands: [RunReference.operand.description],
    examples: [
      Example(purpose: "Let the latest run of a workflow go on", line: "holdfast approve restore --comment checked"),
      Example(purpose: "Stop it instead", line: "holdfast approve restore --refuse --comment \"wrong volume\""),
    ]
  ) { arguments in
    let pool = try arguments.pool()
    let reader = StatusReader(pool: pool)
    let run = try await arguments[RunReference.operand].find(reader)
    let steps = try await reader.names(
      "select name from holdfast.waiting where run_id = $1 and holder = 'signal approval' order by step_id",
      [.int64(run.id.value)])
    guard !steps.isEmpty else { throw CommandFailure(.failed, try await reason(run, reader)) }
    let person = arguments[by] ?? getenv("USER").map { String(cString: $0) } ?? callerName
    let isApproved = !arguments[refuse]
    _ = try await EngineClient(pool: pool).signal(
      run.id, "approval",
      payload: [
        "approved": .bool(isApproved), "approvedBy": .init(person), "comment": .init(arguments[comment]),
      ])
    let verb = isApproved ? "approved" : "refused"
    arguments.report(
      "\(verb) \(listed(steps)) of run \(run.id) of \(run.workflow)", name: "\(run.id)",
      [
        "run": .int(run.id.value), "workflow": .string(run.workflow), "approved": .bool(isApproved),
        "steps": .array(steps.map { .string($0) }),
      ])
  }

  /// Why there is nothing to approve; a run that this one started may wait in its place.
  private static func reason(_ run: RunReference.Found, _ reader: StatusReader) async throws -> String {
    if run.isOver { return "run \(run.id) of \(run.workflow) is over already: \(run.state)." }
    let children = try await reader.names(
      """
      select r.run_id::text from holdfast.run_status r join holdfast.waiting w on w.run_id = r.run_id
      where r.parent_run_id = $1 and r.finished_at is null and w.holder = 'signal approval' limit 3
      """, [.int64(run.id.value)])
    let hint =
      children.isEmpty
      ? "'holdfast explain \(run.id)' tells what it waits for" : "run \(listed(children)), which it started, does"
    return "run \(run.id) of \(run.workflow) waits for no approval; \(hint)."
  }

  private static func listed(_ names: [String]) -> String { names.joined(separator: ", ") }
}
