import GoTemplate
import JSON
package import StepEngine
import WorkflowDSL

/// A kind whose steps may have expressions in their arguments, as workflow files do.
///
/// The plan says so with `template`: `{"when": condition, "raw": [keys of "with" that are left alone], "outputs": {name: type}}`.
/// Steps without it, as other programs submit them, get their arguments as they are.
package struct TemplatedStep: StepKind {
  private let kind: any StepKind

  package init(kind: any StepKind) { self.kind = kind }

  package var name: String { kind.name }

  package func run(_ step: StepContext) async throws -> StepOutcome {
    guard let template = step.template else { return try await kind.run(step) }
    let expressions = StepExpressions(step)
    // Once it has begun, a step goes on.
    if step.wakeCount == 0, let condition = template["when"],
      !isTrue(try expressions.value(of: condition, at: "when"))
    {
      step.log("skipped: its condition is false: \(condition.string ?? condition.text)")
      return .skipped
    }
    var evaluated = step
    evaluated.with = try with(step, expressions, raw: template["raw"]?.array ?? [])
    let outcome = try await kind.run(evaluated)
    if case .succeeded(let outputs) = outcome { try check(outputs, against: template["outputs"]) }
    return outcome
  }

  private func with(
    _ step: StepContext, _ expressions: StepExpressions, raw: [JSONValue]
  ) throws(StepFailure) -> JSONValue {
    guard case .object(let members) = step.with else { return step.with }
    var result: [String: JSONValue] = [:]
    for (key, value) in members {
      result[key] = raw.contains(.string(key)) ? value : try expressions.value(of: value, at: "with.\(key)")
    }
    return .object(result)
  }

  /// What later steps rely on has to be there.
  private func check(_ outputs: JSONValue?, against promised: JSONValue?) throws(StepFailure) {
    for (name, type) in (promised?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let value = outputs?[name] else {
        throw StepFailure(.permanent, "\(self.name): it put out no '\(name)', which its workflow promises")
      }
      guard let type = type.string.flatMap(DataType.init), !type.allows(value) else { continue }
      throw StepFailure(
        .permanent, "\(self.name): its output '\(name)' is not \(type.expectation), as its workflow promises")
    }
  }
}

/// Whether a condition's value means yes: anything but false, null, 0, nothing, and the text "false".
func isTrue(_ value: JSONValue) -> Bool {
  switch value {
  case .null: false
  case .bool(let value): value
  case .int(let value): value != 0
  case .double(let value): value != 0
  case .string(let text): !text.isEmpty && text != "false"
  case .array(let elements): !elements.isEmpty
  case .object(let members): !members.isEmpty
  }
}
