internal import CommandSyntax
internal import DocumentStore
internal import Glibc
internal import JSON
internal import StepEngine
internal import WorkflowDSL

/// `holdfast submit`
enum SubmitCommand {
  static let source = Operand<String?>.optional(
    .text("FILE|NAME", completion: .workflowsAndFiles),
    "A file with a workflow, or the name of one that was applied or is built in")
  static let workflow = Option<String?>.optional(
    "--workflow", .text("NAME"), default: "the only one of the file",
    "The workflow of the file that is run; without a file, the same as NAME")
  static let key = Option<String?>.optional(
    "--key", .text("KEY"), "Start one run only for this key, however often it is submitted")
  static let wait = Option<Bool>.flag("--wait", "Show the run until it is over, and fail if it fails")

  static let command = Command(
    name: "submit",
    summary: "Start a run of a workflow",
    discussion: [
      "A file is run as it is, without being applied; what it calls may come from the database. What is wrong with the file "
        + "or the parameters is said before anything runs."
    ],
    options: [
      ParameterInput.parameters.description, ParameterInput.file.description, workflow.description, key.description,
      wait.description,
    ],
    operands: [source.description],
    examples: [
      Example(
        purpose: "A workflow that was applied, with a parameter",
        line: "holdfast submit nightly --param database=orders"),
      Example(purpose: "A file, watched to its end", line: "holdfast submit backup.yaml --wait"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    guard let source = arguments[source] ?? arguments[workflow] else {
      throw CommandFailure(.usage, "nothing is named to run; give a FILE or a NAME")
    }
    var status = stat()
    let isFile =
      source == "-" || source.contains("/") || DocumentInput.endings.contains { source.hasSuffix($0) }
      || stat(source, &status) == 0
    let plan = isFile ? try await plan(ofFile: source, arguments) : try await plan(ofName: source, arguments)
    let run = try await EngineClient(pool: arguments.pool()).submit(plan, key: arguments[key])
    try await report(run, plan, arguments)
  }

  /// Says which run it is, and shows it to its end if that is asked for.
  static func report(_ run: RunID, _ plan: JSONValue, _ arguments: ParsedArguments) async throws {
    let workflow = plan["workflow"]?.string ?? ""
    let next = arguments[wait] ? "" : "; '\(Advice(run: run.value).watch)' shows how it goes"
    arguments.report(
      "run \(run) of \(workflow) submitted" + next, name: "\(run)",
      ["run": .int(run.value), "workflow": .string(workflow)])
    if arguments[wait] {
      try await WatchCommand.follow(run.value, RunReader(pool: arguments.pool()), arguments)
    }
  }

  private static func plan(ofFile path: String, _ arguments: ParsedArguments) async throws -> JSONValue {
    let files = try DocumentInput.read(path)
    // Mistakes in the file are told even if there is no database yet.
    let report = DiagnosticReport(
      diagnostics: DocumentSet(files, applied: nil).check(), files: files)
    if !report.diagnostics.isEmpty { report.write(arguments) }
    guard report.errorCount == 0 else { throw CommandFailure(.failed, "nothing was submitted: \(report.summary)") }
    let name = try PlanCommand.onlyWorkflow(of: files, named: arguments[workflow])
    let declared = files.flatMap(\.documents).compactMap(\.workflow).first { $0.name.value == name }?.parameters ?? []
    let values = try ParameterInput.values(arguments, declared: declared)
    return try await arguments.reportingMistakes(in: files) {
      try await arguments.withDocuments { try await $0.plan(workflow: name, values, files: files) }
    }
  }

  private static func plan(ofName name: String, _ arguments: ParsedArguments) async throws -> JSONValue {
    try await arguments.reportingMistakes(in: []) {
      try await arguments.withDocuments { store in
        let reference = DocumentReference(kind: .workflow, name: name)
        let known = try await store.allDocuments().first { $0.reference == reference }
        do {
          return try await store.plan(
            workflow: name,
            try ParameterInput.values(arguments, declared: known?.document?.workflow?.parameters ?? []))
        } catch let error as PlanError where error.isMissing && !error.description.hasSuffix("?") {
          throw CommandFailure(
            .notFound, "\(error.description), and no such file; 'holdfast get workflows' lists all that are known")
        }
      }
    }
  }
}
