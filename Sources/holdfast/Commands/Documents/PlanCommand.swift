internal import CommandSyntax
internal import JSON
internal import Terminal
internal import WorkflowDSL

/// `holdfast plan`
enum PlanCommand {
  enum Format: String, Sendable, CaseIterable {
    case text, dot, mermaid, json
  }

  static let workflow = Option<String?>.optional(
    "--workflow", .text("NAME"), default: "the only one of the files",
    "The workflow to draw; without files, one that is built in")
  static let format = Option<Format>.value(
    "--format", .choice("FORMAT"), default: .text,
    "How: for people, for Graphviz, for Mermaid, or the plan itself as the engine gets it")

  static let command = Command(
    name: "plan",
    summary: "Draw the steps of a workflow, without a database",
    options: [DocumentInput.fileOption.description, workflow.description, format.description],
    operands: [DocumentInput.files.description],
    examples: [
      Example(purpose: "In the terminal", line: "holdfast plan backup.yaml"),
      Example(purpose: "One that is built in", line: "holdfast plan --workflow backup"),
      Example(purpose: "As a picture", line: "holdfast plan backup.yaml --format dot | dot -Tsvg > backup.svg"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let isNamed = arguments[workflow] != nil
    let isFromFile = !(arguments[DocumentInput.files] + arguments[DocumentInput.fileOption]).isEmpty
    let files = isFromFile || !isNamed ? try DocumentInput.read(arguments) : []
    let set = DocumentSet(files, applied: nil)
    let report = DiagnosticReport(diagnostics: set.check(), files: files)
    guard report.errorCount == 0 else {
      report.write(arguments)
      throw CommandFailure(.failed, report.summary)
    }
    let name = isFromFile ? try onlyWorkflow(of: files, named: arguments[workflow]) : arguments[workflow] ?? ""
    do throws(PlanError) {
      let drawing = PlanDrawing(try set.checkedWorkflow(name))
      switch arguments[format] {
      case .text: writeText(drawing.text())
      case .dot: writeText(drawing.graphviz())
      case .mermaid: writeText(drawing.mermaid())
      case .json: writeText(try set.plan(workflow: name).indentedText + "\n")
      }
    } catch {
      throw CommandFailure(error.isMissing ? .notFound : .failed, error.description)
    }
  }

  /// The workflow of the files that is meant.
  static func onlyWorkflow(of files: [DocumentFile], named name: String?) throws -> String {
    let names = files.flatMap(\.documents).compactMap { $0.workflow?.name.value }
    if let name {
      guard names.contains(name) else {
        throw CommandFailure(
          .notFound, "there is no workflow '\(name)' in these files; there are \(names.joined(separator: ", "))")
      }
      return name
    }
    guard let only = names.first else { throw CommandFailure(.failed, "there is no workflow in these files") }
    guard names.count == 1 else {
      throw CommandFailure(
        .usage,
        "there are several workflows in these files (\(names.joined(separator: ", "))); choose one with --workflow")
    }
    return only
  }
}
