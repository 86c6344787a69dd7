import BuiltInWorkflows
import DocumentStore
import Foundation
import JSON
import PostgresClient
import StepEngine
import StepKinds
import TestSupport
import Testing
import WorkflowDSL

@Suite("Built-in workflows")
struct BuiltInWorkflowsTests {
  @Test("are the files in workflows/, without the examples, each called as its file")
  func files() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../workflows").standardized
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
    #expect(builtInWorkflows.map(\.file.name).sorted() == names.map { "built-in/\($0)" }.sorted())
    for workflow in builtInWorkflows {
      #expect(workflow.file.name == "built-in/\(workflow.document.name.value).yaml")
      #expect(workflow.document.kind == .workflow)
    }
  }

  private static func file(_ kind: String, _ name: String, _ spec: String) -> DocumentFile {
    DocumentFile(
      text: "apiVersion: holdfast.dev/v1\nkind: \(kind)\nmetadata: {name: \(name)}\nspec: \(spec)\n", name: name)
  }

  private static let own = file(
    "Workflow", "own",
    #"{params: {policy: {}}, steps: {a: {uses: sleep, with: {duration: 1s}, when: "{{ .Params.policy }}"}}}"#
  ).documents

  @Test("are known as if they had been applied, until another of their name is")
  func store() async throws {
    let server = try await PostgresInstance.shared
    let name = try await server.makeDatabase()
    let connection = try await PostgresConnection.open(PostgresConfiguration(server.url(database: name)))
    _ = try await Migrator().migrate(connection)
    let store = DocumentStore(connection, kinds: builtInCatalog, builtIn: Self.own)

    #expect(try await store.documents().isEmpty)
    #expect(try await store.allDocuments().map { "\($0.reference) \($0.isBuiltIn)" } == ["workflow/own true"])
    #expect(try await store.plan(workflow: "own", [:])["version"] == nil)

    let policy = Self.file("Policy", "nightly", "{workflow: own, schedule: {cron: \"@daily\"}}")
    _ = try await connection.query("select holdfast.announce_kinds(array['sleep', 'noop'])")
    #expect(try await store.apply([policy], by: "me").map(\.change) == [.created])
    func planned() async throws -> String {
      try await connection.query("select plan -> 'steps' -> 0 ->> 'uses' from holdfast.policy").single().string(0)
    }
    #expect(try await planned() == "sleep")
    #expect(try await store.plan(policy: "nightly")["params"] == ["policy": "nightly"])

    // One of the same name takes its place, and gives it back.
    let replaced = Self.file("Workflow", "own", "{steps: {a: {uses: noop}}}")
    _ = try await store.apply([replaced], by: "me")
    #expect(try await planned() == "noop")
    #expect(
      try await store.allDocuments().map { "\($0.reference) \($0.isBuiltIn)" } == [
        "policy/nightly false", "workflow/own false",
      ])
    #expect(try await store.plan(workflow: "own", [:])["version"] == 1)
    #expect(try await store.delete([DocumentReference(kind: .workflow, name: "own")]) == [true])
    #expect(try await planned() == "sleep")

    // A newer program brings along another, and policies follow it.
    let newer = Self.file("Workflow", "own", "{steps: {a: {uses: noop}}}").documents
    try await DocumentStore(connection, kinds: builtInCatalog, builtIn: newer).renewPlans()
    #expect(try await planned() == "noop")
  }

  @Test("can be called and named by files; what is not built in can't")
  func references() {
    func messages(_ file: DocumentFile) -> [String] {
      DocumentSet([file], applied: [], builtIn: Self.own, kinds: builtInCatalog).check().map(\.message)
    }
    #expect(messages(Self.file("Workflow", "caller", "{steps: {a: {uses: workflow/own}}}")) == [])
    #expect(messages(Self.file("Policy", "p", "{workflow: own}")) == [])
    #expect(
      messages(Self.file("Policy", "p", "{workflow: owm}")) == ["there is no workflow 'owm'; did you mean 'own'?"])
  }
}
