internal import CommandSyntax
internal import DocumentStore
internal import Terminal
internal import WorkflowDSL

/// `holdfast diff`
enum DiffCommand {
  static let command = Command(
    name: "diff",
    summary: "Show what 'holdfast apply' would change",
    discussion: ["Ends with 0 if nothing differs, and with 1 if something does."],
    options: [DocumentInput.fileOption.description], operands: [DocumentInput.files.description],
    examples: [Example(purpose: "Before applying a folder", line: "holdfast diff documents/")],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let files = try DocumentInput.read(arguments)
    let report = DiagnosticReport(diagnostics: files.flatMap(\.diagnostics), files: files)
    if report.errorCount > 0 {
      report.write(arguments)
      throw CommandFailure(.failed, report.summary)
    }
    let stored = try await arguments.withDocuments { try await $0.documents() }
    let style = arguments.style
    var count = 0
    for document in files.flatMap(\.documents) {
      let old = stored.first { $0.reference == document.reference }
      let name = "\(document.reference)"
      guard
        let difference = LineDiff.unified(
          old?.source ?? "", document.source,
          names: (old.map { "\(name) (version \($0.version))" } ?? "/dev/null", name))
      else { continue }
      count += 1
      for line in difference.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        writeText(style.emphasized(String(line), emphasis(of: line)) + "\n")
      }
    }
    guard count == 0 else { throw CommandFailure(.failed, "\(count) \(count == 1 ? "document differs" : "documents differ")") }
  }

  private static func emphasis(of line: Substring) -> TextStyle.Emphasis? {
    if line.hasPrefix("---") || line.hasPrefix("+++") { return .bold }
    return switch line.first {
    case "-": .red
    case "+": .green
    default: nil
    }
  }
}
