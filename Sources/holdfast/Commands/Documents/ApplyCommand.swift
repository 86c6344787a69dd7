internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import WorkflowDSL

/// `holdfast apply`
enum ApplyCommand {
  static let dryRun = Option<Bool>.flag("--dry-run", "Check everything against the database, and change nothing")

  static let command = Command(
    name: "apply",
    summary: "Put documents into force, all of them or none",
    discussion: [
      "A changed document becomes a new version; runs that are under way keep theirs. Policies with a schedule follow it "
        + "from now on. Applying again what is in force changes nothing."
    ],
    options: [DocumentInput.fileOption.description, dryRun.description], operands: [DocumentInput.files.description],
    examples: [
      Example(purpose: "A workflow and its policy", line: "holdfast apply workflow.yaml policy.yaml"),
      Example(purpose: "A folder, as a pipeline would try it", line: "holdfast apply --dry-run -f documents/"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let files = try DocumentInput.read(arguments)
    let isDryRun = arguments[dryRun]
    let outcomes = try await arguments.reportingMistakes(in: files) {
      try await arguments.withDocuments { store in
        try await store.apply(files, by: callerName, dryRun: isDryRun) { warnings in
          DiagnosticReport(diagnostics: warnings, files: files).write(arguments)
        }
      }
    }
    let note = isDryRun ? " (dry run)" : ""
    arguments.report(
      outcomes.map { outcome in
        Deed(
          sentence: "\(outcome.reference) \(outcome.change.rawValue), version \(outcome.version)\(note)",
          name: "\(outcome.reference)",
          json: [
            "kind": .string(outcome.reference.kind.noun), "name": .string(outcome.reference.name),
            "version": .int(Int64(outcome.version)), "change": .string(outcome.change.rawValue),
          ])
      })
  }
}
