import BuiltInWorkflows
import Testing
import WorkflowDSL

@testable import holdfast

@Suite("Built-in workflows and this program's step kinds")
struct BuiltInWorkflowTests {
  @Test("have no findings, and can be planned", arguments: builtInWorkflows.map(\.document.name.value))
  func checked(name: String) throws {
    let files = builtInWorkflows.filter { $0.document.name.value == name }.map(\.file)
    #expect(DocumentSet(files, applied: []).check().map(\.headline) == [])
    _ = try DocumentSet([], applied: []).plan(workflow: name)
  }
}
