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
  private let callers: [String]
  /// What stands in the plan before the names of a hook's steps: they may be called like steps of the workflow.
  private var hookSteps: [String: String] = [:]

  init(workflows: @escaping (String) throws(PlanError) -> CheckedWorkflow, callers: [String]) {
    self.workflows = workflows
    self.callers = callers
  }

  /// Workflows may call each other this deep.
  private static let deepest = 10

  /// The plan, without `params`.
  func plan(_ checked: CheckedWorkflow) throws(PlanError) -> [String: JSONValue] {
    let workflow = checked.workflow
    var steps: [JSONValue] = []
    for step in checked.steps { steps += try plan(step) }
    for hook in checked.hooks {
      var planner = self
      for step in hook.steps { planner.hookSteps[step.step.name.value] = hook.event.rawValue + ":" }
      for step in hook.steps { steps += try planner.plan(step, of: hook.event, after: checked.sinks) }
    }
    var plan: [String: JSONValue] = ["workflow": .string(workflow.name.value), "steps": .array(steps)]
    if workflow.priority != 0 { plan["priority"] = .int(workflow.priority) }
    plan["queue"] = workflow.queue.map { .string($0) }
    plan["timeoutSeconds"] = workflow.timeoutSeconds.map(DurationText.json)
    return plan
  }

  /// A step, with the step before it that evaluates the list of a group, if that takes more than a look-up.
  private func plan(_ checked: CheckedStep) throws(PlanError) -> [JSONValue] {
    guard checked.step.group == nil else {
      return try group(checked, named: checked.step.name.value, needs: checked.step.needs.map(\.value), outcome: nil)
    }
    return [.object(try body(checked))]
  }

  /// - Parameter outcome: how the run has to have gone, if the group is a hook's.
  private func group(
    _ checked: CheckedStep, named name: String, needs: [String], outcome: String?
  ) throws(PlanError) -> [JSONValue] {
    let (step, group) = (checked.step, checked.step.group)
    let innerRefs = checked.inner.reduce(into: Set<String>()) {
      $0.formUnion(outerReferences(of: $1, in: checked.inner))
    }
    var refs = Set(checked.listUses.steps.union(innerRefs).map(planName))
    // What only its steps read, the group itself isn't given.
    var fields = Dictionary(uniqueKeysWithValues: refs.map { ($0, JSONValue.array([])) })
    var inside = self
    for step in checked.inner { inside.hookSteps[step.step.name.value] = nil }
    var inner: [JSONValue] = []
    for step in checked.inner { inner += try inside.plan(step) }

    var needs = needs
    var plan: [String: JSONValue] = [
      "name": .string(name), "as": .string(group?.item?.value ?? ""), "steps": .array(inner),
    ]
    if step.isAlways { plan["always"] = true }
    var conditions = outcome.map { [outcomeCondition($0)] } ?? []
    var before: [JSONValue] = []
    if step.when == nil, let list = group?.list?.text,
      let path = SimplePath(list, steps: checked.listUses.steps, planName: planName)
    {
      plan["forEach"] = .string(path.jsonPath)
      for step in checked.listUses.steps {
        fields[planName(step)] = checked.listUses.fields[step].map { texts($0.sorted()) }
      }
      // The step that makes its list may never have run; then there is nothing to do.
      if step.isAlways { conditions.append("exists(\(path.jsonPath))") }
    } else {
      let items = name + ":items"
      before = [itemsStep(items, checked, needs, outcome: outcome)]
      plan["forEach"] = .string(#"$.steps."\#(items)".items"#)
      if step.when != nil { conditions.append(#"exists($.steps."\#(items)".items)"#) }
      refs.insert(items)
      needs.append(items)
    }
    if !conditions.isEmpty { plan["when"] = .string(conditions.joined(separator: " && ")) }
    if outcome != nil { plan["run"] = true }
    plan["needs"] = texts(needs)
    plan["refs"] = texts(refs.sorted())
    if !fields.isEmpty { plan["fields"] = .object(fields) }
    return before + [.object(plan)]
  }

  /// The step that evaluates a group's list, if its condition is true.
  private func itemsStep(_ name: String, _ checked: CheckedStep, _ needs: [String], outcome: String?) -> JSONValue {
    var template: [String: JSONValue] = [:]
    template["when"] = checked.step.when?.json
    var plan: [String: JSONValue] = [
      "name": .string(name), "uses": "evaluate", "needs": texts(needs),
      "with": ["items": checked.step.group?.list?.json ?? .array([])], "template": .object(template),
    ]
    if checked.step.isAlways { plan["always"] = true }
    plan["when"] = outcome.map { .string(outcomeCondition($0)) }
    add(checked.listUses, to: &plan)
    if outcome != nil { plan["run"] = true }
    return .object(plan)
  }

  private func outcomeCondition(_ outcome: String) -> String { #"$.run.outcome == "\#(outcome)""# }

  /// The outputs that a group has to be given for its steps: what these read of steps outside.
  private func outerReferences(of checked: CheckedStep, in siblings: [CheckedStep]) -> Set<String> {
    checked.allUses.steps.filter { name in
      let head = name.split(separator: ".").first.map(String.init) ?? name
      let inside = siblings + checked.inner
      return !inside.contains { $0.step.name.value == head }
    }
  }

  /// A step of a hook: it runs when the run is over but for its hooks, if the run went as the hook says.
  private func plan(
    _ checked: CheckedStep, of event: Hook.Event, after sinks: [String]
  ) throws(PlanError) -> [JSONValue] {
    let prefix = event.rawValue + ":"
    let own = checked.step.needs.map { prefix + $0.value }
    let needs = own.isEmpty ? sinks : own
    guard checked.step.group == nil else {
      return try group(checked, named: prefix + checked.step.name.value, needs: needs, outcome: event.outcome)
    }
    var plan = try body(checked)
    plan["name"] = .string(prefix + checked.step.name.value)
    plan["always"] = true
    plan["when"] = .string(outcomeCondition(event.outcome))
    plan["run"] = true
    plan["needs"] = texts(needs)
    return [.object(plan)]
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
    if step.isUrgent { plan["urgent"] = true }
    plan["timeoutSeconds"] = step.timeoutSeconds.map(DurationText.json)
    plan["deadlineSeconds"] = step.deadlineSeconds.map(DurationText.json)
    plan["retry"] = step.retry?.json
    if !step.limits.isEmpty { plan["limits"] = .array(step.limits.map(placement)) }
    plan["on"] = labels(step.labels)
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
      plan["deadlineSeconds"] = step.deadlineSeconds.map(DurationText.json)
      plan["retry"] = step.retry?.json
      plan["on"] = labels(step.labels)
    case .action(let undo)?:
      let action = try action(undo.uses.value, undo.with)
      plan = ["uses": action.uses, "template": .object(action.template)]
      plan["with"] = action.with
      plan["timeoutSeconds"] = undo.timeoutSeconds.map(DurationText.json)
      plan["deadlineSeconds"] = undo.deadlineSeconds.map(DurationText.json)
      plan["retry"] = undo.retry?.json
      plan["on"] = labels(undo.labels)
    }
    return plan
  }

  private func labels(_ labels: [String: Located<String>]) -> JSONValue? {
    labels.isEmpty ? nil : .object(labels.mapValues(placement))
  }

  /// A label or limit: what is written, or where in the item PostgreSQL finds it.
  private func placement(_ text: Located<String>) -> JSONValue {
    guard text.value.contains("{{"), let names = SimplePath.names(text.value) else { return .string(text.value) }
    return ["item": .string(names.joined(separator: "."))]
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
    let plan = try WorkflowPlanner(workflows: workflows, callers: callers + [name]).plan(called)
    let parameters = called.workflow.parameters.map(\.json)
    // The called plan's expressions are its own workers' business.
    return (
      "workflow", ["plan": .object(plan), "parameters": .array(parameters), "params": with?.json ?? [:]],
      ["raw": ["plan", "parameters"]]
    )
  }

  private func add(_ use: DataUse, to plan: inout [String: JSONValue]) {
    if !use.steps.isEmpty { plan["refs"] = texts(use.steps.map(planName).sorted()) }
    if !use.fields.isEmpty {
      let fields = use.fields.map { (planName($0), texts($1.sorted())) }
      plan["fields"] = .object(Dictionary(fields, uniquingKeysWith: { first, _ in first }))
    }
    if !use.parameters.isEmpty { plan["params"] = true }
    if use.readsRun { plan["run"] = true }
  }

  /// What the plan calls a step that an expression names.
  private func planName(_ reference: String) -> String {
    (hookSteps[reference.split(separator: ".").first.map(String.init) ?? reference] ?? "") + reference
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
