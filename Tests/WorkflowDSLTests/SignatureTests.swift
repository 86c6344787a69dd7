import JSON
import Testing
import WorkflowDSL

@Suite("What a step kind declares")
struct SignatureTests {
  @Test("its objects and limits are part of its description in the schema")
  func described() {
    func description(_ signature: StepSignature) -> JSONValue? {
      JSONSchema(kinds: StepKindCatalog([signature])).schema(of: .workflow)["$defs"]?["with-\(signature.kind)"]?[
        "description"]
    }
    #expect(description(StepSignature("look", "Looks", inputs: [])) == "Looks")
    let store = StepSignature("store", "Stores", inputs: [], resources: ["clone", "export"], limits: ["exports"])
    let sentences = [
      "Stores", "Makes or removes: clone, export",
      "Built-in workflows bound it by the limits, if they are set: exports",
    ]
    #expect(description(store) == .string(sentences.joined(separator: ". ")))
  }
}
