import JSON
import WorkflowDSL

/// Kinds such as the program has, small enough to see what is tested.
let kinds = StepKindCatalog([
  StepSignature(
    "exec", "Runs a program",
    inputs: [
      .required("command", .list(of: .text), "the program and its arguments"),
      .optional("environment", .map(keys: .any, values: .text), "variables"),
      .optional("timeout", .duration, "how long"), .optional("parse", .choice(["json"]), "what it prints"),
      .optional("okExitCodes", .list(of: .integer(0...255)), "exit codes"),
    ],
    outputsOf: { with in with["parse"] == nil ? [OutputField("stdout", .string, "what it wrote")] : [] }),
  StepSignature("noop", "Does nothing", inputs: []),
  StepSignature("freeze", "Freezes", inputs: [.required("path", .text, "where")]),
  StepSignature("hook", "Runs hooks", inputs: [.required("hooks", .list(of: .anything), "the hooks")]),
  StepSignature(
    "approval", "Waits", inputs: [.optional("message", .text, "what people are asked")],
    outputs: [OutputField("approvedBy", .string, "who")]),
])

/// A workflow's file, of what stands below `spec`.
func workflow(_ spec: String, name: String = "nightly") -> String {
  let indented = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
  return """
    apiVersion: holdfast.dev/v1
    kind: Workflow
    metadata: {name: \(name)}
    spec:
    \(indented)
    """
}

/// What is wrong with files, as `LINE:COLUMN: severity: message`.
func findings(_ texts: String..., applied: [Document]? = nil) -> [String] {
  let files = texts.enumerated().map { DocumentFile(text: $1, name: "\($0)") }
  return DocumentSet(files, applied: applied, kinds: kinds).check().map {
    String($0.headline.drop { $0 != ":" }.dropFirst())
  }
}

/// The plan of the workflow `nightly` of a file.
func plan(_ texts: String...) throws -> JSONValue {
  let files = texts.enumerated().map { DocumentFile(text: $1, name: "\($0)") }
  return try DocumentSet(files, applied: nil, kinds: kinds).plan(workflow: "nightly")
}

/// A plan's steps by name.
func steps(_ plan: JSONValue) -> [String: JSONValue] {
  Dictionary(
    (plan["steps"]?.array ?? []).map { ($0["name"]?.string ?? "?", $0) }, uniquingKeysWith: { first, _ in first })
}
