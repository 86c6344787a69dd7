internal import JSON
internal import YAML

/// Turns workflows into plans: what the engine runs (sql/functions/submit.sql says how a plan looks).
///
/// A plan doesn't depend on parameters: expressions stay as they are, and the worker that does a step evaluates them, with
/// just the outputs, parameters and facts of the run that they read. So a plan is made once for each version of a workflow.
struct WorkflowPlanner {
  /// Finds the workflows that steps call.
  let workflows: (String) throws(PlanError) -> CheckedWorkflow
  /// The workflows around this one, the outermost first.
  var callers: [String] = []

  /// Workflows may call each other this deep.
  private static let deepest = 10

  /// The plan, without `params`.
  func plan(_ checked: CheckedWorkflow) throws(PlanError) -> [String: JSONValue] {
    let workflow = checked.workflow
    var steps: [JSONValue] = []
    for step in checked.steps { steps += try plan(step) }
    for hook in checked.hooks {
      for step in hook.steps { steps.append(try plan(step, of: hook.event, after: checked.sinks)) }
    }
    var plan: [String: JSONValue] = ["workflow": .string(workflow.name.value), "steps": .array(steps)]
    if workflow.priority != 0 { plan["priority"] = .int(workflow.priority) }
    plan["queue"] = workflow.queue.map { .string($0) }
    plan["timeoutSeconds"] = workflow.timeoutSeconds.map(DurationText.json)
    return plan
  }

  /// A step, with the step before it that evaluates the list of a group, if that takes more than a look-up.
  private func plan(_ checked: CheckedStep) throws(PlanError) -> [JSONValue] {
    let step = checked.step
    guard let group = step.group else { return [.object(try body(checked))] }
    var refs = checked.listUses.steps
    for inner in checked.inner { refs.formUnion(outerReferences(of: inner, in: checked.inner)) }
    var inner: [JSONValue] = []
    for step in checked.inner { inner += try plan(step) }

    var needs = step.needs.map(\.value)
    var plan: [String: JSONValue] = [
      "name": .string(step.name.value), "as": .string(group.item?.value ?? ""), "steps": .array(inner),
    ]
    if step.isAlways { plan["always"] = true }
    var before: [JSONValue] = []
    if step.when == nil, let list = group.list?.text, let path = SimplePath(list, steps: checked.listUses.steps) {
      plan["forEach"] = .string(path.jsonPath)
    } else {
      let name = step.name.value + ":items"
      before = [itemsStep(name, checked, needs)]
      plan["forEach"] = .string(#"$.steps."\#(name)".items"#)
      if step.when != nil { plan["when"] = .string(#"$.steps."\#(name)".run == true"#) }
      refs.insert(name)
      needs.append(name)
    }
    plan["needs"] = texts(needs)
    plan["refs"] = texts(refs.sorted())
    return before + [.object(plan)]
  }

  /// The step that evaluates a group's condition and list.
  private func itemsStep(_ name: String, _ checked: CheckedStep, _ needs: [String]) -> JSONValue {
    var with: [String: JSONValue] = ["items": checked.step.group?.list?.json ?? .array([])]
    with["when"] = checked.step.when?.json
    var plan: [String: JSONValue] = [
      "name": .string(name), "uses": "evaluate", "needs": texts(needs), "with": .object(with), "template": [:],
    ]
    if checked.step.isAlways { plan["always"] = true }
    add(checked.listUses, to: &plan)
    return .object(plan)
  }

  /// The outputs that a group has to be given for its steps: what these read of steps outside.
  private func outerReferences(of checked: CheckedStep, in siblings: [CheckedStep]) -> Set<String> {
    checked.allUses.steps.filter { name in
      let head = name.split(separator: ".").first.map(String.init) ?? name
      let inside = siblings + checked.inner
      return !inside.contains { $0.step.name.value == head }
    }
  }

  /// A step of a hook: it runs when the run is over but for its hooks, if the run went as the hook says.
  private func plan(_ checked: CheckedStep, of event: Hook.Event, after sinks: [String]) throws(PlanError) -> JSONValue
  {
    let prefix = event.rawValue + ":"
    var plan = try body(checked)
    plan["name"] = .string(prefix + checked.step.name.value)
    plan["always"] = true
    plan["when"] = .string(#"$.run.outcome == "\#(event.outcome)""#)
    plan["run"] = true
    let own = checked.step.needs.map { prefix + $0.value }
    plan["needs"] = texts(own.isEmpty ? sinks : own)
    return .object(plan)
  }

  private func body(_ checked: CheckedStep) throws(PlanError) -> [String: JSONValue] {
    let step = checked.step
    var plan: [String: JSONValue] = ["name": .string(step.name.value), "needs": texts(step.needs.map(\.value))]
    let action = try action(step.uses?.value ?? "", step.with)
    plan["uses"] = action.uses
    plan["with"] = action.with
    var template = action.template
    template["when"] = step.when?.json
    if !step.outputs.isEmpty {
      template["outputs"] = .object(
        Dictionary(step.outputs.map { ($0.name, .string($0.type.rawValue)) }, uniquingKeysWith: { $1 }))
    }
    plan["template"] = .object(template)
    add(checked.uses, to: &plan)
    if step.isAlways { plan["always"] = true }
    plan["timeoutSeconds"] = step.timeoutSeconds.map(DurationText.json)
    plan["deadlineSeconds"] = step.deadlineSeconds.map(DurationText.json)
    plan["retry"] = step.retry?.json
    if !step.limits.isEmpty { plan["limits"] = texts(step.limits) }
    if !step.labels.isEmpty { plan["on"] = .object(step.labels.mapValues { .string($0) }) }
    plan["priority"] = step.priority.map { .int($0) }
    plan["undo"] = try undo(checked).map { .object($0) }
    return plan
  }

  private func undo(_ checked: CheckedStep) throws(PlanError) -> [String: JSONValue]? {
    var plan: [String: JSONValue]
    switch checked.step.undo {
    case nil: return nil
    case .step(let name)?:
      guard let step = checked.undoStep else { return nil }
      let action = try action(step.uses?.value ?? "", step.with)
      plan = ["uses": action.uses, "template": .object(action.template), "unless": .string(name.value)]
      plan["with"] = action.with
      plan["timeoutSeconds"] = step.timeoutSeconds.map(DurationText.json)
      plan["retry"] = step.retry?.json
    case .action(let uses, let with, let timeout, let retry)?:
      let action = try action(uses.value, with)
      plan = ["uses": action.uses, "template": .object(action.template)]
      plan["with"] = action.with
      plan["timeoutSeconds"] = timeout.map(DurationText.json)
      plan["retry"] = retry?.json
    }
    return plan
  }

  /// What a step does: its kind with its arguments. A call of another workflow carries that workflow's plan.
  private func action(
    _ uses: String, _ with: YAMLNode?
  ) throws(PlanError) -> (uses: JSONValue, with: JSONValue?, template: [String: JSONValue]) {
    guard uses.hasPrefix(workflowPrefix) else { return (.string(uses), with?.json, [:]) }
    let name = String(uses.dropFirst(workflowPrefix.count))
    if callers.contains(name) {
      throw PlanError("workflows call each other without an end: \((callers + [name]).joined(separator: " calls "))")
    }
    guard callers.count < Self.deepest else {
      throw PlanError("workflows call each other more than \(Self.deepest) deep: \(callers.joined(separator: ", "))")
    }
    let called = try workflows(name)
    var inner = self
    inner.callers.append(name)
    let plan = try inner.plan(called)
    let parameters = called.workflow.parameters.map(\.json)
    // The called plan's expressions are its own workers' business.
    return (
      "workflow", ["plan": .object(plan), "parameters": .array(parameters), "params": with?.json ?? [:]],
      ["raw": ["plan", "parameters"]]
    )
  }

  private func add(_ use: DataUse, to plan: inout [String: JSONValue]) {
    if !use.steps.isEmpty { plan["refs"] = texts(use.steps.sorted()) }
    if !use.parameters.isEmpty { plan["params"] = true }
    if use.readsRun { plan["run"] = true }
  }

  private func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

extension Step.Retry {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [:]
    members["attempts"] = attempts.map { .int($0) }
    members["initialSeconds"] = initialSeconds.map(DurationText.json)
    members["maxSeconds"] = maxSeconds.map(DurationText.json)
    return .object(members)
  }
}
