import JSON
import StepEngine

/// `noop`: does nothing, and succeeds with the map `outputs`, if one is given.
struct NoopStep: StepKind {
  let name = "noop"

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: name, keys: ["outputs"])
    return .succeeded(outputs: try arguments.object("outputs").map { .object($0) })
  }
}
