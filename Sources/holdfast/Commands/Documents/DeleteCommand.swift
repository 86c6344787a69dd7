internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import WorkflowDSL

/// `holdfast delete`
enum DeleteCommand {
  static let target = Operand<DocumentTarget?>.optional(.document, "What to delete: a kind, or KIND/NAME")
  static let names = Operand<[String]>.repeated(
    .text("NAME", completion: .documents), isOptional: true, "The names, if not given with the kind")

  static let command = Command(
    name: "delete",
    summary: "Take documents out of force",
    discussion: [
      "A deleted policy fires no more. Runs that are under way go on, and the versions stay in the history. What other "
        + "documents need is not deleted."
    ],
    options: [DocumentInput.fileOption.description], operands: [target.description, names.description],
    examples: [
      Example(purpose: "A policy", line: "holdfast delete policy nightly"),
      Example(purpose: "All that a file names", line: "holdfast delete -f backup.yaml"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let files = try arguments[DocumentInput.fileOption].flatMap { try DocumentInput.read($0) }
    var references = files.flatMap { $0.documents.map(\.reference) }
    if let target = arguments[target] {
      let all = (target.name.map { [$0] } ?? []) + arguments[names]
      guard !all.isEmpty else { throw CommandFailure(.usage, "name the \(target.kind.noun) to delete") }
      references += all.map { DocumentReference(kind: target.kind, name: $0) }
    }
    let wanted = references
    guard !wanted.isEmpty else { throw CommandFailure(.usage, "nothing is named to delete; give KIND NAME or -f FILE") }
    let found = try await arguments.reportingMistakes(in: []) {
      try await arguments.withDocuments { try await $0.delete(wanted) }
    }
    arguments.report(
      zip(wanted, found).filter(\.1).map { reference, _ in
        Deed(
          sentence: "\(reference) deleted", name: "\(reference)",
          json: ["kind": .string(reference.kind.noun), "name": .string(reference.name), "deleted": true])
      })
    if let missing = zip(wanted, found).first(where: { !$0.1 })?.0 {
      throw CommandFailure(.notFound, "there is no \(missing.kind.noun) '\(missing.name)'")
    }
  }
}
