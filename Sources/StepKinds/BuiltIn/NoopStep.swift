import JSON
import StepEngine
import WorkflowDSL

/// `noop`: does nothing, and succeeds with the map `outputs`, if one is given.
struct NoopStep: StepKind {
  static let signature = StepSignature(
    "noop", "Does nothing; a place where several needs meet, or one that puts out values",
    inputs: [.optional("outputs", .map(keys: .identifier, values: .anything), "what it puts out")],
    outputsOf: { with in
      (with["outputs"]?.object ?? [:]).keys.sorted().map { OutputField($0, .any, "as given in 'outputs'") }
    })

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    return .succeeded(outputs: try arguments.object("outputs").map { .object($0) })
  }
}
