internal import JSON
internal import YAML

/// Makes a workflow of a document's nodes. What doesn't fit the shape, which has been reported, is left out.
struct WorkflowReader {
  let findings: Findings

  func workflow(name: Located<String>, spec: YAMLNode) -> Workflow {
    if let steps = spec["steps"], steps.pairs?.isEmpty ?? false {
      findings.error("a workflow needs at least one step", at: steps)
    }
    return Workflow(
      name: name, description: spec["description"]?.text,
      parameters: (spec["params"]?.entries ?? []).compactMap(parameter),
      steps: steps(spec["steps"]),
      hooks: Hook.Event.allCases.compactMap { event in
        spec[event.rawValue].map { Hook(event: event, steps: steps($0)) }
      },
      timeoutSeconds: spec["timeout"]?.seconds, priority: spec["priority"]?.json.int ?? 0,
      queue: spec["queue"]?.text)
  }

  private func parameter(_ pair: YAMLPair) -> Parameter? {
    guard let name = pair.key.located else { return nil }
    let node = pair.value
    let parameter = Parameter(
      name: name, type: node["type"]?.text.flatMap(DataType.init) ?? .string,
      isRequired: node["required"]?.json.bool ?? false, fallback: node["default"]?.json,
      choices: node["enum"]?.items.map(\.json) ?? [], description: node["description"]?.text)
    if let fallback = node["default"], let problem = parameter.problem(of: fallback.json) {
      findings.error("the default of parameter '\(name.value)' \(problem)", at: fallback)
    }
    for choice in node["enum"]?.items ?? [] where !parameter.type.allows(choice.json) {
      findings.error("a value of parameter '\(name.value)' has to be \(parameter.type.expectation)", at: choice)
    }
    if parameter.isRequired, let fallback = node["default"] {
      findings.warning("parameter '\(name.value)' is required, so its default is never used", at: fallback)
    }
    return parameter
  }

  private func steps(_ node: YAMLNode?) -> [Step] { (node?.entries ?? []).compactMap(step) }

  private func step(_ pair: YAMLPair) -> Step? {
    guard let name = pair.key.located else { return nil }
    let node = pair.value
    var group: Step.Group?
    if node["forEach"] != nil || node["steps"] != nil || node["as"] != nil {
      group = Step.Group(
        list: node["forEach"], item: node["as"]?.located, steps: steps(node["steps"]),
        place: node.entries.first { ["forEach", "steps", "as"].contains($0.key.text) }.map { Place(of: $0.key) }
          ?? name.place)
    }
    return Step(
      name: name, description: node["description"]?.text, uses: node["uses"]?.located, with: node["with"],
      needs: node["needs"]?.oneOrMore.compactMap(\.located) ?? [], when: node["when"],
      isAlways: node["always"]?.json.bool ?? false, isUrgent: node["urgent"]?.json.bool ?? false,
      undo: node["undo"].flatMap(undo),
      timeoutSeconds: node["timeout"]?.seconds, deadlineSeconds: node["deadline"]?.seconds,
      retry: node["retry"].map(retry), limits: node["limits"]?.oneOrMore.compactMap(\.located) ?? [],
      labels: located(node["on"]), priority: node["priority"]?.json.int, outputs: outputs(node["outputs"]), group: group
    )
  }

  private func undo(_ node: YAMLNode) -> Step.Undo? {
    if let name = node.located { return .step(name) }
    guard let uses = node["uses"]?.located else { return nil }
    return .action(
      Step.Action(
        uses: uses, with: node["with"], timeoutSeconds: node["timeout"]?.seconds,
        deadlineSeconds: node["deadline"]?.seconds, retry: node["retry"].map(retry), labels: located(node["on"])))
  }

  private func retry(_ node: YAMLNode) -> Step.Retry {
    let retry = Step.Retry(
      attempts: node["attempts"]?.json.int, initialSeconds: node["initial"]?.seconds, maxSeconds: node["max"]?.seconds,
      place: Place(of: node))
    if let initial = retry.initialSeconds, let most = retry.maxSeconds, initial > most, let place = node["max"] {
      findings.warning("'max' is shorter than 'initial', so every wait is that short", at: place)
    }
    return retry
  }

  private func outputs(_ node: YAMLNode?) -> [OutputField] {
    (node?.entries ?? []).compactMap { pair in
      guard let name = pair.key.text else { return nil }
      let type = pair.value.text ?? pair.value["type"]?.text
      return OutputField(name, type.flatMap(DataType.init) ?? .any, pair.value["description"]?.text ?? "")
    }
  }

  private func located(_ node: YAMLNode?) -> [String: Located<String>] {
    Dictionary(
      (node?.entries ?? []).compactMap { pair in pair.key.text.flatMap { key in pair.value.located.map { (key, $0) } }
      },
      uniquingKeysWith: { _, last in last })
  }
}

extension YAMLNode {
  /// The members of a map; none for other values.
  var entries: [YAMLPair] { pairs ?? [] }
  /// The elements of a list; none for other values.
  var items: [YAMLNode] { elements ?? [] }
  /// The elements of a list, or the value itself.
  var oneOrMore: [YAMLNode] { elements ?? [self] }
  /// The text of a scalar with its place.
  var located: Located<String>? { isNull ? nil : text.map { Located($0, at: Place(of: self)) } }
  /// A length of time.
  var seconds: Double? { DurationText.seconds(of: json) }
}
