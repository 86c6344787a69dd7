internal import JSON
internal import Wording
internal import YAML

/// Checks what a shape can't: kinds and their arguments, needs, references, and what is legal but unwise.
struct WorkflowChecker {
  let findings: Findings
  let kinds: StepKindCatalog
  /// Finds workflows that steps name; a finding says whether they exist.
  let workflows: any WorkflowLookup

  /// A workflow without mistakes; nil if there are any, which are then among the findings.
  func check(_ workflow: Workflow) -> CheckedWorkflow? {
    let errorsBefore = findings.errorCount
    let scope = StepScope(parameters: workflow.parameters)
    let (steps, sinks) = check(workflow.steps, in: scope, isHook: false)
    var used = steps.reduce(into: DataUse()) { $0.formUnion($1.allUses) }

    // At the end of the run, everything is over.
    var atEnd = scope
    atEnd.levels = [level(workflow.steps) { _ in true }]
    let hooks = workflow.hooks.map { hook in
      let (steps, _) = check(hook.steps, in: atEnd, isHook: true)
      for step in steps { used.formUnion(step.allUses) }
      return (event: hook.event, steps: steps)
    }
    // What is misspelt would be told twice.
    guard findings.errorCount == errorsBefore else { return nil }
    for parameter in workflow.parameters where !used.parameters.contains(parameter.name.value) {
      findings.warning("parameter '\(parameter.name.value)' is never used", at: parameter.name.place)
    }
    return CheckedWorkflow(workflow: workflow, steps: steps, sinks: sinks, hooks: hooks)
  }

  private func level(_ steps: [Step], isOver: @escaping (String) -> Bool) -> StepScope.Level {
    StepScope.Level(
      steps: Dictionary(steps.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first }), isOver: isOver)
  }

  private func check(_ steps: [Step], in scope: StepScope, isHook: Bool) -> (steps: [CheckedStep], sinks: [String]) {
    let graph = NeedGraph(steps, findings: findings)
    let byName = Dictionary(steps.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    let places = Dictionary(steps.enumerated().map { ($1.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    let checked = steps.enumerated().map { index, step in
      var scope = scope
      scope.levels.append(
        StepScope.Level(steps: byName) { name in places[name].map { graph.isAncestor($0, of: index) } ?? false })
      return check(step, in: scope, isHook: isHook)
    }
    for step in steps { checkUndo(step, byName, places, graph) }
    return (graph.order.map { checked[$0] }, graph.sinks.map { steps[$0].name.value })
  }

  private func check(_ step: Step, in scope: StepScope, isHook: Bool) -> CheckedStep {
    var step = step
    // Whatever became of the run, its hooks are to run.
    step.isAlways = step.isAlways || isHook
    checkForm(step)
    if scope.levels.dropLast().contains(where: { $0.steps[step.name.value] != nil }) {
      findings.warning("'\(step.name.value)' hides a step of the same name outside of its group", at: step.name.place)
    }
    var references = ReferenceChecker(findings: findings, kinds: kinds, scope: scope, step: step)
    let condition = references.uses(of: step.when)
    references.guarded = scope.guarded.union(condition.steps)
    if let group = step.group {
      // A group whose list is looked up in a step that never ran is skipped.
      if let names = group.list?.text.flatMap(SimplePath.names), names.count > 1, names[0] == "Steps" {
        references.guarded.insert(String(names[1]))
      }
      let list = references.uses(of: group.list)
      var inside = scope
      if let item = group.item?.value { inside.items.append(item) }
      inside.guarded = references.guarded
      let (inner, _) = check(step.isAlways ? always(group.steps) : group.steps, in: inside, isHook: isHook)
      var listUses = condition
      listUses.formUnion(list)
      return CheckedStep(step: step, uses: DataUse(), listUses: listUses, inner: inner, undoStep: nil)
    }
    checkKind(step.uses, step.with, at: step.name.place)
    checkPlacement(step.labels.values + step.limits, in: scope)
    if let uses = step.uses?.value, !step.outputs.isEmpty, let kind = kinds[uses], !kind.hasOpenOutputs {
      findings.error("the outputs of \(uses) are fixed; it can't promise others", at: step.name.place)
    }
    var uses = condition
    uses.formUnion(references.uses(of: step.with))
    var undoStep: Step?
    references.seesItself = true
    switch step.undo {
    case .action(let undo)?:
      checkKind(undo.uses, undo.with, at: undo.uses.place)
      checkPlacement(Array(undo.labels.values), in: scope)
      uses.formUnion(references.uses(of: undo.with))
    case .step(let name)?:
      undoStep = scope.levels.last?.steps[name.value]
      // It is done in this step's place, so it has to see what this step sees.
      uses.formUnion(references.uses(of: undoStep?.with))
    case nil: break
    }
    return CheckedStep(step: step, uses: uses, listUses: DataUse(), inner: [], undoStep: undoStep)
  }

  /// The steps of a group that always runs: those that begin it do, too, or a cancel would stop them.
  private func always(_ steps: [Step]) -> [Step] {
    steps.map { step in
      var step = step
      if step.needs.isEmpty {
        step.isAlways = true
      } else if !step.isAlways {
        findings.warning(
          "'\(step.name.value)' is in a group that always runs, but doesn't run itself if what it needs fails or the run is "
            + "cancelled: add always: true", at: step.name.place)
      }
      return step
    }
  }

  /// Labels and limits are known when a group is expanded: PostgreSQL takes them from its item, and evaluates no templates.
  private func checkPlacement(_ texts: [Located<String>], in scope: StepScope) {
    for text in texts where text.value.contains("{{") {
      guard let item = scope.items.last else {
        findings.error(
          "only a step in a group can take this from its item; write the text itself, or put the step into a group",
          at: text.place)
        continue
      }
      if let root = SimplePath.names(text.value)?.first, scope.items.contains(String(root)) { continue }
      findings.error(
        "this can only be looked up in the item of a group: write {{ .\(item) }} or {{ .\(item).NAME }} and nothing else",
        at: text.place)
    }
  }

  /// What can't be together in one step.
  private func checkForm(_ step: Step) {
    let name = step.name.value
    if let group = step.group {
      if let uses = step.uses {
        findings.error("'\(name)' is a group (it has forEach or steps), so it can't have 'uses'", at: uses.place)
      }
      if group.list == nil {
        findings.error("group '\(name)' needs 'forEach', the list for whose items it is repeated", at: group.place)
      }
      if group.item == nil {
        findings.error("group '\(name)' needs 'as', the name of an item in expressions", at: group.place)
      }
      if group.steps.isEmpty { findings.error("group '\(name)' needs 'steps'", at: group.place) }
      if let item = group.item, StepScope(parameters: []).roots.contains(item.value) {
        findings.error("'\(item.value)' is taken: expressions know it already; name the item otherwise", at: item.place)
      }
      let misplaced = [
        step.with == nil ? nil : "with", step.undo == nil ? nil : "undo", step.timeoutSeconds.map { _ in "timeout" },
        step.deadlineSeconds.map { _ in "deadline" }, step.retry.map { _ in "retry" },
        step.limits.isEmpty ? nil : "limits", step.labels.isEmpty ? nil : "on", step.outputs.isEmpty ? nil : "outputs",
        step.priority.map { _ in "priority" }, step.isUrgent ? "urgent" : nil,
      ].compactMap(\.self)
      if !misplaced.isEmpty {
        findings.error(
          "group '\(name)' can't have \(alternatives(misplaced)): give it to its steps", at: step.name.place)
      }
    } else if step.uses == nil {
      findings.error(
        "step '\(name)' needs 'uses', the kind of step; known are \(kinds.names.joined(separator: ", "))",
        at: step.name.place)
    }
    if let timeout = step.timeoutSeconds, let deadline = step.deadlineSeconds, deadline < timeout {
      findings.warning("the deadline of '\(name)' ends before its timeout does", at: step.name.place)
    }
    if let uses = step.uses, uses.value == "freeze", step.undo == nil {
      findings.warning(
        "if the run fails, '\(name)' stays frozen until its deadline: give it 'undo: {uses: thaw, with: {path: …}}'",
        at: uses.place)
    }
    if step.when?.json == .bool(false) {
      findings.warning("'\(name)' never runs: its 'when' is false", at: step.name.place)
    }
  }

  private func checkKind(_ uses: Located<String>?, _ with: YAMLNode?, at place: Place) {
    guard let uses else { return }
    if uses.value.hasPrefix(workflowPrefix) {
      checkCall(uses, with)
      return
    }
    guard let signature = kinds[uses.value] else {
      // OWNER/KIND is done by workers that aren't part of Holdfast, which nobody can ask here.
      if uses.value.contains("/") { return }
      let nearest = nearestNames(to: uses.value, among: kinds.names)
      let hint =
        nearest.isEmpty ? "there are \(kinds.names.joined(separator: ", "))" : "did you mean \(alternatives(nearest))?"
      findings.error("there is no step kind \(quotedForMessage(uses.value)); \(hint)", at: uses.place)
      return
    }
    let shape = Shape.templated(.object(signature.shape))
    if let with {
      ShapeChecker(findings: findings).check(with, shape, key: "with")
    } else {
      for field in signature.inputs where field.isRequired {
        findings.error("\(signature.kind) needs '\(field.key)' in 'with': \(field.summary)", at: uses.place)
      }
    }
    KindAdvice(findings: findings).check(uses.value, with)
  }

  /// A run of another workflow: that it exists, and takes these parameters.
  private func checkCall(_ uses: Located<String>, _ with: YAMLNode?) {
    let name = String(uses.value.dropFirst(workflowPrefix.count))
    guard let called = workflows.workflow(named: name) else {
      let nearest = nearestNames(to: name, among: workflows.names)
      let hint = didYouMean(nearest)
      if workflows.isComplete {
        findings.error("there is no workflow \(quotedForMessage(name))\(hint)", at: uses.place)
      } else {
        // A near name is no proof: the one that is meant may have been applied.
        findings.warning(
          "workflow '\(name)' is not in these files, so it has to be applied before this one\(hint)", at: uses.place)
      }
      return
    }
    for pair in with?.entries ?? [] {
      guard let key = pair.key.text else { continue }
      guard let parameter = called.parameters.first(where: { $0.name.value == key }) else {
        findings.error(
          "workflow '\(name)' has no parameter \(quotedForMessage(key))\(called.parameters.hint(for: key))",
          at: pair.key)
        continue
      }
      if !pair.value.holdsExpression, let problem = parameter.problem(of: pair.value.json) {
        findings.error("parameter '\(key)' of workflow '\(name)' \(problem)", at: pair.value)
      }
    }
    for parameter in called.parameters where parameter.isRequired && with?[parameter.name.value] == nil {
      findings.error("workflow '\(name)' needs the parameter '\(parameter.name.value)' in 'with'", at: uses.place)
    }
  }

  private func checkUndo(_ step: Step, _ steps: [String: Step], _ places: [String: Int], _ graph: NeedGraph) {
    guard case .step(let name)? = step.undo else { return }
    guard let target = steps[name.value], let at = places[name.value], let own = places[step.name.value] else {
      let nearest = nearestNames(to: name.value, among: steps.keys.filter { $0 != step.name.value }.sorted())
      let hint = didYouMean(nearest)
      findings.error(
        "'undo' names \(quotedForMessage(name.value)), but there is no such step beside this one\(hint)", at: name.place
      )
      return
    }
    if target.group != nil {
      findings.error("'undo' names '\(name.value)', which is a group; it has to be a step", at: name.place)
    } else if at == own {
      findings.error("step '\(step.name.value)' can't undo itself", at: name.place)
    } else if !graph.isAncestor(own, of: at) {
      findings.warning(
        "'\(name.value)' doesn't need '\(step.name.value)', so it may run before there is something to undo",
        at: name.place)
    }
  }
}

/// Where a checker finds workflows that others name.
protocol WorkflowLookup {
  /// Whether a workflow that isn't found doesn't exist.
  var isComplete: Bool { get }
  var names: [String] { get }
  func workflow(named name: String) -> Workflow?
}

extension CheckedStep {
  /// What it reads, and what the steps in it read.
  var allUses: DataUse {
    var all = uses
    all.formUnion(listUses)
    for step in inner { all.formUnion(step.allUses) }
    return all
  }
}

extension YAMLNode {
  /// Whether a text anywhere in it is a template.
  var holdsExpression: Bool {
    switch content {
    case .scalar(let scalar): scalar.text.contains("{{")
    case .sequence(let nodes): nodes.contains { $0.holdsExpression }
    case .mapping(let pairs): pairs.contains { $0.value.holdsExpression }
    }
  }
}
