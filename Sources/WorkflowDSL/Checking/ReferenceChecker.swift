internal import GoTemplate
internal import JSON
internal import Wording
internal import YAML

/// Checks what the expressions of a step read, and notes it.
struct ReferenceChecker {
  let findings: Findings
  let kinds: StepKindCatalog
  let scope: StepScope
  /// The step whose expressions these are.
  let step: Step
  /// Whether the step's own outputs are there, as they are for its undo.
  var seesItself = false
  /// Steps whose outputs the step has been asked for before it goes on: `when: "{{ .Steps.x }}"`.
  var guarded: Set<String> = []

  /// What the expressions of a value read; every reference to something that isn't there is reported.
  func uses(of node: YAMLNode?) -> DataUse {
    var use = DataUse()
    if let node { visit(node, &use) }
    return use
  }

  private func visit(_ node: YAMLNode, _ use: inout DataUse) {
    switch node.content {
    case .sequence(let nodes): for node in nodes { visit(node, &use) }
    case .mapping(let pairs): for pair in pairs { visit(pair.value, &use) }
    case .scalar(let scalar):
      guard scalar.text.contains("{{"), let template = findings.template(of: node, scalar.text) else { return }
      for reference in template.references {
        var place = findings.place(in: node, scalar.text, offset: reference.offset)
        place.length = reference.path.reduce(0) { $0 + 1 + $1.unicodeScalars.count }
        check(reference, at: place, &use)
      }
    }
  }

  private func check(_ reference: TemplateReference, at place: Place, _ use: inout DataUse) {
    let path = reference.path
    switch path.first {
    case "Params": checkParameter(path, at: place, &use)
    case "Steps": checkStep(path, at: place, &use)
    case "Run":
      use.readsRun = true
      checkField(path, of: RunData.fields, at: place)
    case "Step": checkField(path, of: StepData.fields, at: place)
    case let name? where scope.items.contains(name): break
    case let name?:
      let nearest = nearestNames(to: name, among: scope.roots)
      let hint =
        nearest.isEmpty
        ? "; an expression sees \(scope.roots.map { "." + $0 }.joined(separator: ", "))"
        : "; did you mean \(alternatives(nearest.map { "." + $0 }))?"
      findings.error("there is no '.\(name)' here\(hint)", at: place)
    case nil:
      // `.` alone is everything that the step can see.
      findings.error(
        "'.' alone is all data of the run; name what you want of it, such as .Params.NAME or .Steps.NAME.OUTPUT",
        at: place)
    }
  }

  private func checkParameter(_ path: [String], at place: Place, _ use: inout DataUse) {
    guard path.count > 1 else {
      use.parameters.formUnion(scope.parameters.map(\.name.value))
      return
    }
    guard let parameter = scope.parameters.first(where: { $0.name.value == path[1] }) else {
      findings.error(
        "there is no parameter \(quotedForMessage(path[1]))\(scope.parameters.hint(for: path[1]))", at: place)
      return
    }
    use.parameters.insert(path[1])
    if path.count > 2, !parameter.type.hasFields {
      findings.error("parameter '\(path[1])' is \(parameter.type.expectation) and has no field '\(path[2])'", at: place)
    }
  }

  private func checkStep(_ path: [String], at place: Place, _ use: inout DataUse) {
    guard path.count > 1 else {
      findings.error("name the step whose outputs you want, such as .Steps.NAME.OUTPUT", at: place)
      return
    }
    if seesItself, path[1] == step.name.value, step.group == nil {
      checkOutput(path.dropFirst(2), of: step, path[1], at: place)
      return
    }
    guard let found = scope.find(path[1...]) else {
      let nearest = scope.nearestSteps(to: path[1])
      let hint = didYouMean(nearest)
      findings.error("there is no step \(quotedForMessage(path[1])) that this one can see\(hint)", at: place)
      return
    }
    guard found.isOver else {
      let isItself = found.step.name.value == step.name.value && !found.isRepeated
      findings.error(
        isItself
          ? "a step can't use its own outputs: they are there when it is over"
          : "'\(step.name.value)' uses '\(found.name)' but doesn't wait for it: add it to its 'needs'", at: place)
      return
    }
    if found.step.group != nil {
      let inner = found.step.group?.steps.map(\.name.value) ?? []
      findings.error("'\(found.name)' is a group; name a step of it: \(inner.joined(separator: ", "))", at: place)
      return
    }
    let rest = path.dropFirst(1 + found.taken)
    use.read(found.name, output: found.isRepeated ? nil : rest.first)
    if found.isRepeated {
      if let field = rest.first {
        findings.error(
          "'\(found.name)' is a list, with the outputs of each item's step: use range or index before '.\(field)'",
          at: place)
      }
      return
    }
    checkOutput(rest, of: found.step, found.name, at: place)
    if step.isAlways, !rest.isEmpty, !guarded.contains(found.name) {
      findings.warning(
        "'\(found.name)' may have failed when '\(step.name.value)' runs, and then has no outputs: add when: \"{{ .Steps.\(found.name) }}\"",
        at: place)
    }
  }

  private func checkOutput(_ path: ArraySlice<String>, of step: Step, _ name: String, at place: Place) {
    guard let output = path.first, let outputs = step.outputFields(kinds) else { return }
    guard let field = outputs.first(where: { $0.name == output }) else {
      let names = outputs.map(\.name)
      let nearest = nearestNames(to: output, among: names)
      let isOpen = step.uses.flatMap { kinds[$0.value]?.hasOpenOutputs } ?? false
      let hint =
        if !nearest.isEmpty {
          "; did you mean \(alternatives(nearest))?"
        } else if isOpen {
          "; declare it in that step: outputs: {\(output): any}"
        } else {
          names.isEmpty ? "; it has none" : "; it has \(names.joined(separator: ", "))"
        }
      findings.error("step '\(name)' has no output \(quotedForMessage(output))\(hint)", at: place)
      return
    }
    if let next = path.dropFirst().first, !field.type.hasFields {
      findings.error(
        "output '\(output)' of '\(name)' is \(field.type.expectation) and has no field '\(next)'", at: place)
    }
  }

  private func checkField(_ path: [String], of fields: [OutputField], at place: Place) {
    guard path.count > 1, !fields.contains(where: { $0.name == path[1] }) else { return }
    let names = fields.map(\.name)
    let nearest = nearestNames(to: path[1], among: names)
    let hint =
      nearest.isEmpty ? "; it has \(names.joined(separator: ", "))" : "; did you mean \(alternatives(nearest))?"
    findings.error("'.\(path[0])' has no field \(quotedForMessage(path[1]))\(hint)", at: place)
  }
}

extension Step {
  /// What it puts out; nil if that isn't known, as for kinds of other owners.
  func outputFields(_ kinds: StepKindCatalog) -> [OutputField]? {
    guard let kind = uses?.value else { return [] }
    if kind.hasPrefix(workflowPrefix) { return RunData.childOutputs }
    guard let signature = kinds[kind] else { return nil }
    return signature.outputs(with?.json ?? .null) + outputs
  }
}

/// What `uses` begins with for a run of another workflow.
let workflowPrefix = "workflow/"

/// What expressions see of the run, as `.Run`.
public enum RunData {
  /// The fields.
  public static let fields = [
    OutputField("id", .integer, "the run's number"),
    OutputField("workflow", .string, "the name of its workflow"),
    OutputField("policy", .string, "the name of its policy; empty for a run without one"),
    OutputField("submittedAt", .any, "when it was submitted; a time"),
    OutputField("slot", .any, "the time of its schedule that it runs for; without one, when it was submitted"),
    OutputField("outcome", .string, "succeeded, failed or cancelled, as it stands now"),
    OutputField("failure", .string, "its first failure, or why it is being stopped; empty if there is none"),
  ]

  static let childOutputs = [
    OutputField("run", .integer, "the number of the run that was started"),
    OutputField("state", .string, "how it ended"),
  ]
}

/// What expressions see of the step itself, as `.Step`.
public enum StepData {
  /// The fields.
  public static let fields = [
    OutputField("name", .string, "its name in the run, such as volumes[3].snapshot"),
    OutputField("attempt", .integer, "which attempt this is, from 1"),
  ]
}
