internal import CommandSyntax
internal import Terminal
internal import WorkflowDSL

/// `holdfast validate`
enum ValidateCommand {
  static let strict = Option<Bool>.flag("--strict", "Fail for warnings, too")

  static let command = Command(
    name: "validate",
    summary: "Check documents, without a database",
    discussion: [
      "Shows every mistake of every file at once, with its line. What refers to documents that are not in these files is a "
        + "warning here; 'holdfast apply' knows what was applied before.",
      "With --output json the findings are an array of {severity, file, line, column, message} on standard output.",
    ],
    options: [DocumentInput.fileOption.description, strict.description], operands: [DocumentInput.files.description],
    examples: [
      Example(purpose: "One file", line: "holdfast validate backup.yaml"),
      Example(purpose: "All files of a folder, in a pipeline", line: "holdfast validate --strict workflows/"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let files = try DocumentInput.read(arguments)
    let report = DiagnosticReport(
      diagnostics: DocumentSet(files, applied: nil).check(), files: files)
    let documents = files.reduce(0) { $0 + $1.documents.count }
    switch arguments[GlobalOptions.output] {
    case .table, .name:
      report.write(arguments)
      if report.errorCount == 0 {
        writeText("\(documents) \(documents == 1 ? "document" : "documents"): \(report.summary)\n")
      }
    case let format: writeText(documentText(report.json, as: format, style: arguments.style))
    }
    guard report.errorCount == 0, report.warningCount == 0 || !arguments[strict] else {
      throw CommandFailure(.failed, report.summary)
    }
  }
}
