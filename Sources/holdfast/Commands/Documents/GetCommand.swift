internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import Terminal
internal import WorkflowDSL

/// `holdfast get`
enum GetCommand {
  static let target = Operand<DocumentTarget?>.optional(
    .document, "What to show: a kind, or KIND/NAME; all if not given")
  static let name = Operand<String?>.optional(
    .text("NAME", completion: .documents), "The name, if not given with the kind")

  static let command = Command(
    name: "get",
    summary: "Show the documents that are in force",
    discussion: [
      "With --output yaml a document is shown as it was applied, with its comments. Workflows that are built in are shown when "
        + "workflows are asked for; one that is applied under the same name takes the place of the built-in one."
    ],
    operands: [target.description, name.description],
    examples: [
      Example(purpose: "All of them", line: "holdfast get"),
      Example(purpose: "One, as it was written", line: "holdfast get workflow nightly -o yaml"),
    ],
    run: run)

  private static let listing = Listing<StoredDocument>(
    nothing: "no documents; 'holdfast apply' puts them into force",
    columns: [
      (.init("KIND"), { .init($0.reference.kind.noun) }),
      (.init("NAME", isFlexible: true), { .init($0.reference.name) }),
      (.init("VERSION", isRight: true), { $0.isBuiltIn ? "built in" : "\($0.version)" }),
      (
        .init("APPLIED"),
        { .init($0.isBuiltIn ? "" : Moment(microseconds: $0.appliedAtMicroseconds).ago(from: .now)) }
      ),
      (.init("BY", isExtra: true), { .init($0.appliedBy) }),
    ],
    name: { "\($0.reference)" }, json: { json($0) })

  static func json(_ stored: StoredDocument) -> JSONValue {
    [
      "kind": .string(stored.reference.kind.noun), "name": .string(stored.reference.name),
      "version": stored.isBuiltIn ? .null : .int(Int64(stored.version)), "builtIn": .bool(stored.isBuiltIn),
      "appliedAt": stored.isBuiltIn ? .null : .string(Moment(microseconds: stored.appliedAtMicroseconds).iso8601),
      "appliedBy": stored.isBuiltIn ? .null : .string(stored.appliedBy), "document": stored.document?.json ?? .null,
    ]
  }

  static func run(_ arguments: ParsedArguments) async throws {
    let documents = try await documents(arguments[target], arguments[name], arguments)
    if arguments[GlobalOptions.output] == .yaml {
      writeText(documents.map(\.source).joined(separator: "---\n"))
    } else {
      arguments.write(documents, as: listing)
    }
  }

  /// The documents that are meant.
  /// - Throws: `CommandFailure` if one is named and there is none of that name.
  static func documents(
    _ target: DocumentTarget?, _ name: String?, _ arguments: ParsedArguments
  ) async throws -> [StoredDocument] {
    guard let target else { return try await arguments.withDocuments { try await $0.documents() } }
    let all = try await arguments.withDocuments { try await $0.allDocuments() }
    let ofKind = all.filter { $0.reference.kind == target.kind }
    guard let name = target.name ?? name else { return ofKind }
    let found = ofKind.filter { $0.reference.name == name }
    guard !found.isEmpty else {
      throw notFound(target.kind.noun, name, among: ofKind.map(\.reference.name))
    }
    return found
  }
}
