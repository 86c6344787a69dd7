internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import PostgresClient
internal import Terminal
internal import WorkflowDSL

/// `holdfast describe`
enum DescribeCommand {
  static let target = Operand<DocumentTarget>.required(.document, "A kind, or KIND/NAME")

  static let command = Command(
    name: "describe",
    summary: "Tell all about a document: what it says, who uses it, what it did lately",
    operands: [target.description, GetCommand.name.description],
    examples: [Example(purpose: "A workflow", line: "holdfast describe workflow nightly")],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let target = arguments[target]
    guard let name = target.name ?? arguments[GetCommand.name] else {
      throw CommandFailure(.usage, "name the \(target.kind.noun) to describe")
    }
    let all = try await arguments.withDocuments { try await $0.allDocuments() }
    let found = try await GetCommand.documents(target, name, arguments)[0]
    let reader = try arguments.reader()
    let runs = try await reader.rows(
      """
      select run_id, state, submitted_at, elapsed_seconds from (
        select run_id, state, submitted_at, extract(epoch from elapsed)::float8 as elapsed_seconds
        from holdfast.run_status where (workflow = $1 and $2 = 'workflow') or (policy = $1 and $2 = 'policy')
        order by run_id desc limit 5) r
      """, [.text(name), .text(target.kind.noun)]
    ) { row in
      Run(
        id: try row.int64(0), state: try row.string(1), submitted: try row.moment(2),
        elapsed: .seconds(try row.double(3)))
    }
    switch arguments[GlobalOptions.output] {
    case .table: writeText(page(found, all, runs, arguments.style))
    case .name: writeText("\(found.reference)\n")
    case let format:
      guard case .object(var members) = GetCommand.json(found) else { return }
      members["usedBy"] = .array(users(of: found, all).map { .string($0) })
      members["runs"] = .array(runs.map { ["run": .int($0.id), "state": .string($0.state)] })
      writeText(documentText(.object(members), as: format, style: arguments.style))
    }
  }

  private struct Run: Sendable {
    var id: Int64
    var state: String
    var submitted: Moment
    var elapsed: Duration
  }

  private static func page(
    _ found: StoredDocument, _ all: [StoredDocument], _ runs: [Run], _ style: TextStyle
  ) -> String {
    var lines = [style.bold("\(found.reference)")]
    let applied = Moment(microseconds: found.appliedAtMicroseconds)
    lines.append(
      found.isBuiltIn
        ? "  built in; a \(found.reference.kind.noun) of this name that is applied takes its place"
        : "  version \(found.version), applied \(applied.ago(from: .now)) by \(found.appliedBy)")
    if let description = found.document?.json["spec"]?["description"]?.string {
      lines += wrap(description, width: style.width - 2).map { "  " + $0 }
    }
    let set = DocumentSet([], applied: all.compactMap(\.document))
    if found.reference.kind == .workflow, let checked = try? set.checkedWorkflow(found.reference.name) {
      lines += ["", style.bold("STEPS")]
      lines += PlanDrawing(checked).text().split(separator: "\n", omittingEmptySubsequences: true).dropFirst().map {
        "  " + $0
      }
    } else {
      lines += ["", style.bold("TEXT")] + found.source.split(separator: "\n").map { "  " + $0 }
    }
    if let policy = found.document?.policy, policy.hasSelector {
      lines += ["", style.bold("APPLICATIONS")] + set.applications(of: policy).map { "  " + $0 }
    }
    let users = users(of: found, all)
    if !users.isEmpty { lines += ["", style.bold("USED BY")] + users.map { "  " + $0 } }
    if !runs.isEmpty {
      let table = Table(
        [
          Table.Column("RUN"), Table.Column("STATE"), Table.Column("SUBMITTED"), Table.Column("ELAPSED", isRight: true),
        ],
        rows: runs.map { run in
          ["\(run.id)", .state(run.state), .init(run.submitted.ago(from: .now)), .init(durationText(run.elapsed))]
        })
      lines += ["", style.bold("LATEST RUNS")] + table.lines(style).map { "  " + $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The documents that refer to this one.
  private static func users(of found: StoredDocument, _ all: [StoredDocument]) -> [String] {
    all.filter { other in
      switch (found.reference.kind, other.document?.body) {
      case (.workflow, .policy(let policy)?): policy.workflow.value == found.reference.name
      case (.workflow, .workflow(let workflow)?): workflow.calls(found.reference.name)
      case (.profile, .policy(let policy)?): policy.profile?.value == found.reference.name
      case (.application, .policy(let policy)?): found.document.map(policy.selects) ?? false
      default: false
      }
    }.map { "\($0.reference)" }
  }
}
