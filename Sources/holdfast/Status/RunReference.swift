internal import CommandSyntax
internal import PostgresClient
internal import StepEngine
internal import Wording

/// A run as people name it: by its number, as `latest`, or by a workflow or policy, whose latest run it is then.
struct RunReference: Sendable, Equatable {
  /// What was written.
  let text: String

  /// The operand of commands that are about one run.
  static let operand = Operand<RunReference>.required(
    type, "The run: its number, 'latest', or the name of a workflow or policy for its latest run")

  /// The same for options: `--run RUN`.
  static let type = ValueType<RunReference>(
    placeholder: "RUN", expectation: "a run's number, 'latest', or the name of a workflow or policy",
    completion: .runs, parse: { $0.isEmpty ? nil : RunReference(text: $0) }, text: { $0.text })

  /// A run that was found.
  struct Found: Sendable, Equatable {
    var id: RunID
    var workflow: String
    /// As the view `run_status` has it.
    var state: String
    var isOver: Bool
  }

  /// Finds the run.
  /// - Throws: `CommandFailure` with `.notFound`, and the nearest names.
  func find(_ reader: StatusReader) async throws -> Found {
    let select = "select run_id, workflow, state, finished_at is not null from holdfast.run_status"
    let newest = "order by run_id desc limit 1"
    let found: [Found]
    if let number = Int64(text) {
      found = try await reader.rows("\(select) where run_id = $1", [.int64(number)], Self.read)
    } else if text == "latest" {
      found = try await reader.rows("\(select) \(newest)", [], Self.read)
    } else {
      found = try await reader.rows(
        "\(select) where workflow = $1 or policy = $1 \(newest)", [.text(text)], Self.read)
    }
    if let run = found.first { return run }
    throw CommandFailure(.notFound, try await sentence(reader))
  }

  @Sendable private static func read(_ row: PostgresRow) throws -> Found {
    Found(
      id: RunID(try row.int64(0)), workflow: try row.string(1), state: try row.string(2), isOver: try row.bool(3))
  }

  /// Why there is none.
  private func sentence(_ reader: StatusReader) async throws -> String {
    if Int64(text) != nil { return "there is no run \(text); 'holdfast runs' shows those that are kept." }
    if text == "latest" { return "there are no runs yet; 'holdfast submit FILE' starts one." }
    let nearest = nearestNames(to: text, among: try await reader.names(Self.names))
    let hint = nearest.isEmpty ? "'holdfast runs' shows those that are kept" : "did you mean \(alternatives(nearest))?"
    return "there is no run of a workflow or policy \(quotedForMessage(text)); \(hint)"
      + (nearest.isEmpty ? "." : "")
  }

  /// The workflows and policies of the last thousand runs.
  static let names = """
    select distinct n.name
    from (select workflow, policy from holdfast.run_status order by run_id desc limit 1000) r
    cross join lateral (values (r.workflow), (r.policy)) n(name)
    where n.name is not null order by 1
    """
}
