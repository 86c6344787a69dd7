internal import BuiltInWorkflows
internal import CommandSyntax
internal import DocumentStore
internal import Glibc
internal import PostgresClient
internal import StepEngine
internal import Terminal
internal import WorkflowDSL

extension ParsedArguments {
  /// Lends the documents of the database to `body`.
  func withDocuments<Result: Sendable>(_ body: @Sendable (DocumentStore) async throws -> Result) async throws -> Result
  {
    try await pool().withConnection { connection in
      try await Migrator.check(connection)
      return try await body(DocumentStore(connection, kinds: knownCatalog, builtIn: builtInDocuments))
    }
  }

  /// Does something with documents; what is wrong with them is shown, and fails the command.
  func reportingMistakes<Result>(in files: [DocumentFile], _ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let errors as DocumentErrors {
      let report = DiagnosticReport(diagnostics: errors.diagnostics, files: files)
      report.write(self)
      throw CommandFailure(.failed, "nothing was changed: \(report.summary)")
    } catch let error as PlanError {
      throw CommandFailure(error.isMissing ? .notFound : .failed, error.description)
    }
  }
}

/// The documents that this program brings along.
let builtInDocuments = builtInWorkflows.map(\.document)

extension DocumentSet {
  /// Documents of files, with this program's own and its step kinds.
  init(_ files: [DocumentFile], applied: [Document]?) {
    self.init(files, applied: applied, builtIn: builtInDocuments, kinds: knownCatalog)
  }
}

/// Who does something, for the record: the login name and the host.
let callerName: String = {
  let user = getenv("SUDO_USER") ?? getenv("USER") ?? getenv("LOGNAME")
  return (user.map { String(cString: $0) } ?? "uid \(getuid())") + "@" + ProcessIdentity.host
}()

extension DocumentKind {
  /// The kind that a command line means: `workflow`, `workflows`, `Workflow`.
  init?(argument: String) {
    let word = argument.lowercased()
    let plurals: [DocumentKind: String] = [.policy: "policies"]
    guard let kind = Self.allCases.first(where: { $0.noun == word || (plurals[$0] ?? $0.noun + "s") == word }) else {
      return nil
    }
    self = kind
  }
}

extension ValueType where Value == DocumentTarget {
  /// `KIND` or `KIND/NAME`.
  static var document: Self {
    Self(
      placeholder: "KIND", expectation: "a kind of document (workflow, policy, profile, application), or KIND/NAME",
      completion: .kindsAndDocuments,
      parse: { text in
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = DocumentKind(argument: parts[0]) else { return nil }
        return DocumentTarget(kind: kind, name: parts.count > 1 ? parts[1] : nil)
      },
      text: { $0.kind.noun + ($0.name.map { "/" + $0 } ?? "") })
  }
}

/// A kind of document, or one of it.
struct DocumentTarget: Sendable, Equatable {
  var kind: DocumentKind
  var name: String?
}
