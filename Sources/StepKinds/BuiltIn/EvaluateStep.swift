import JSON
import StepEngine
import WorkflowDSL

/// `evaluate`: finds out whether a group runs, and for which items. Workflow files don't name it: it is planned before a
/// group whose list or condition is more than a look-up.
///
/// `with`: `items` (a list), `when` (a condition; true if not given), both evaluated already. Outputs: `{items, run}`.
struct EvaluateStep: StepKind {
  static let signature = StepSignature(
    "evaluate", "Evaluates the list of a group",
    inputs: [
      .required("items", .list(of: .anything), "the list"), .optional("when", .anything, "the condition of the group"),
    ],
    outputs: [OutputField("items", .list, "the list"), OutputField("run", .boolean, "whether the group runs")])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    if let when = step.with["when"], !isTrue(when) { return .succeeded(outputs: ["items": [], "run": false]) }
    guard let items = arguments.value("items") else {
      throw StepFailure(.permanent, "'forEach' gives nothing; it has to give a list")
    }
    guard items.array != nil else { throw arguments.failure("items", mustBe: "a list, as the value of 'forEach'") }
    return .succeeded(outputs: ["items": items, "run": true])
  }
}
