internal import JSON
internal import YAML

/// A workflow's DAG for people: as text, for Graphviz, and for Mermaid.
public struct PlanDrawing {
  private let workflow: CheckedWorkflow

  /// A drawing of a workflow.
  public init(_ workflow: CheckedWorkflow) { self.workflow = workflow }

  // MARK: - Text

  /// One step a line, each below those that it needs, indented by how many rounds of steps come before it.
  public func text() -> String {
    var rows = rows(workflow.steps, depth: 0)
    for hook in workflow.hooks {
      rows.append(Row(name: hook.event.rawValue, kind: "", notes: hookNote(hook.event)))
      rows += self.rows(hook.steps, depth: 1)
    }
    let nameWidth = rows.map(\.name.count).max() ?? 0
    let kindWidth = rows.map(\.kind.count).max() ?? 0
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let lines = rows.map { row in
      var line = padded(row.name, nameWidth) + "  " + padded(row.kind, kindWidth) + "  " + row.notes
      while line.last == " " { line.removeLast() }
      return line
    }
    let parameters = workflow.workflow.parameters.map { parameter in
      let value = parameter.fallback.map { " = \($0.string ?? $0.text)" } ?? (parameter.isRequired ? ", required" : "")
      return "\(parameter.name.value) (\(parameter.type.rawValue)\(value))"
    }
    let head = "\(workflow.workflow.name.value): \(stepCount(workflow.steps)) steps"
    let told = parameters.isEmpty ? [] : ["parameters: " + parameters.joined(separator: ", ")]
    return ([head] + told + [""] + lines).joined(separator: "\n") + "\n"
  }

  private struct Row {
    var name: String
    var kind: String
    var notes: String
  }

  private func rows(_ steps: [CheckedStep], depth: Int) -> [Row] {
    var rounds: [String: Int] = [:]
    return steps.flatMap { checked -> [Row] in
      let step = checked.step
      let before = step.needs.compactMap { rounds[head($0.value)] }
      let round = (before.max() ?? -1) + 1
      rounds[step.name.value] = round
      let indent = String(repeating: "  ", count: depth) + (round == 0 ? "" : String(repeating: "· ", count: round))
      let row = Row(name: indent + step.name.value, kind: kind(step), notes: notes(step))
      return [row] + self.rows(checked.inner, depth: depth + round + 1)
    }
  }

  private func kind(_ step: Step) -> String {
    guard let group = step.group else { return step.uses?.value ?? "" }
    return "for each \(group.item?.value ?? "")"
  }

  private func notes(_ step: Step) -> String {
    var notes: [String] = []
    if !step.needs.isEmpty { notes.append("after " + step.needs.map(\.value).joined(separator: ", ")) }
    if let list = step.group?.list?.text { notes.append("in \(list)") }
    if let place = place(step.labels) { notes.append(place) }
    if let when = step.when { notes.append("when \(when.text ?? "")") }
    if step.isAlways { notes.append("always") }
    if step.isUrgent { notes.append("urgent") }
    switch step.undo {
    case .step(let name)?: notes.append("undone by \(name.value)")
    case .action(let action)?:
      // Without labels of its own, where the step is.
      notes.append("undone by \(action.uses.value)" + (place(action.labels).map { " \($0)" } ?? ""))
    case nil: break
    }
    if !step.limits.isEmpty { notes.append("limits \(step.limits.map(\.value).joined(separator: ", "))") }
    if let attempts = step.retry?.attempts { notes.append("\(attempts) attempts") }
    return notes.joined(separator: "; ")
  }

  /// Which workers may do it: `on node=db-1, zone=eu-1`; nil for all.
  private func place(_ labels: [String: Located<String>]) -> String? {
    guard !labels.isEmpty else { return nil }
    return "on " + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.value)" }.joined(separator: ", ")
  }

  private func hookNote(_ event: Hook.Event) -> String {
    switch event {
    case .onSuccess: "at the end of a run that succeeded"
    case .onFailure: "at the end of a run that failed"
    case .onCancel: "at the end of a run that was cancelled"
    }
  }

  private func stepCount(_ steps: [CheckedStep]) -> Int {
    steps.reduce(0) { $0 + ($1.step.group == nil ? 1 : stepCount($1.inner)) }
  }

  // MARK: - Graphs

  /// For Graphviz: `holdfast plan FILE --format dot | dot -Tsvg`.
  public func graphviz() -> String {
    var lines = ["digraph \(quoted(workflow.workflow.name.value)) {", "  rankdir=LR; node [shape=box, style=rounded];"]
    nodes(workflow.steps, prefix: "", indent: "  ", &lines) { id, label, indent in
      "\(indent)\(quoted(id)) [label=\(quoted(label))];"
    } group: { id, label, indent in
      "\(indent)subgraph \(quoted("cluster_" + id)) { label=\(quoted(label));"
    } end: { indent in
      "\(indent)}"
    }
    for (from, to) in edges(workflow.steps, prefix: "") { lines.append("  \(quoted(from)) -> \(quoted(to));") }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }

  /// For Mermaid, which Markdown pages draw.
  public func mermaid() -> String {
    var lines = ["flowchart LR"]
    nodes(workflow.steps, prefix: "", indent: "  ", &lines) { id, label, indent in
      "\(indent)\(mermaidID(id))[\"\(label.replacing("\"", with: "#quot;"))\"]"
    } group: { id, label, indent in
      "\(indent)subgraph \(mermaidID("group." + id))[\"\(label)\"]"
    } end: { indent in
      "\(indent)end"
    }
    for (from, to) in edges(workflow.steps, prefix: "") { lines.append("  \(mermaidID(from)) --> \(mermaidID(to))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func nodes(
    _ steps: [CheckedStep], prefix: String, indent: String, _ lines: inout [String],
    node: (_ id: String, _ label: String, _ indent: String) -> String,
    group: (_ id: String, _ label: String, _ indent: String) -> String, end: (_ indent: String) -> String
  ) {
    for checked in steps {
      let id = prefix + checked.step.name.value
      if checked.step.group == nil {
        let label = "\(checked.step.name.value) (\(kind(checked.step)))"
        lines.append(node(id, label + (place(checked.step.labels).map { ", \($0)" } ?? ""), indent))
      } else {
        lines.append(group(id, "\(checked.step.name.value), \(kind(checked.step))", indent))
        nodes(checked.inner, prefix: id + ".", indent: indent + "  ", &lines, node: node, group: group, end: end)
        lines.append(end(indent))
      }
    }
  }

  /// From every step to those that need it; a need on a group leads from its last steps to the first of the next.
  private func edges(_ steps: [CheckedStep], prefix: String) -> [(from: String, to: String)] {
    let byName = Dictionary(steps.map { ($0.step.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    return steps.flatMap { checked -> [(from: String, to: String)] in
      let targets = ends(of: checked, prefix: prefix, atStart: true)
      let between = checked.step.needs.flatMap { need -> [(from: String, to: String)] in
        let isWhole = !need.value.contains(".")
        let sources = byName[need.value].map { ends(of: $0, prefix: prefix, atStart: false) } ?? []
        return (isWhole ? sources : [prefix + need.value]).flatMap { source in targets.map { (source, $0) } }
      }
      return between + edges(checked.inner, prefix: prefix + checked.step.name.value + ".")
    }
  }

  /// The steps with which something begins or ends.
  private func ends(of checked: CheckedStep, prefix: String, atStart: Bool) -> [String] {
    let id = prefix + checked.step.name.value
    guard checked.step.group != nil else { return [id] }
    let needed = Set(checked.inner.flatMap { $0.step.needs.map { head($0.value) } })
    let chosen = checked.inner.filter { atStart ? $0.step.needs.isEmpty : !needed.contains($0.step.name.value) }
    return chosen.flatMap { ends(of: $0, prefix: id + ".", atStart: atStart) }
  }

  private func head(_ need: String) -> String { need.split(separator: ".").first.map(String.init) ?? need }

  private func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\\\""))\"" }

  /// Mermaid's ids know neither dots nor dashes.
  private func mermaidID(_ id: String) -> String {
    String(id.map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }
}
