import JSON
import StepEngine
import WorkflowDSL

/// `evaluate`: finds out for which items a group runs. Workflow files don't name it: it is planned before a
/// group whose list or condition is more than a look-up.
///
/// `with`: `items` (a list), evaluated already. Outputs: `{items}`. If the group's condition is false the step is skipped.
struct EvaluateStep: StepKind {
  static let signature = StepSignature(
    "evaluate", "Evaluates the list of a group",
    inputs: [.required("items", .list(of: .anything), "the list")], outputs: [OutputField("items", .list, "the list")])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    guard let items = arguments.value("items") else {
      throw StepFailure(.permanent, "'forEach' gives nothing; it has to give a list")
    }
    guard items.array != nil else { throw arguments.failure("items", mustBe: "a list, as the value of 'forEach'") }
    return .succeeded(outputs: ["items": items])
  }
}
