internal import JSON
internal import Terminal

/// The picture of a run: its steps in the order of the plan, groups as one line with what matters below it.
struct RunTree {
  var snapshot: RunSnapshot
  /// Every instance of every group, and what is else kept quiet about.
  var showsAll = false
  /// What steps put out, by step; shown below them.
  var outputs: [Int64: JSONValue] = [:]

  /// How many instances of a group are shown before the rest is counted.
  static let mostInstances = 12

  /// The lines, for the moment `now`.
  func lines(at now: Moment) -> [TreeLine] {
    let parts = Dictionary(grouping: snapshot.steps, by: \.place.part)
    let instances = Dictionary(grouping: parts[.plan] ?? [], by: { $0.place.group ?? "" })
    let listers = Dictionary(
      (parts[.plan] ?? []).filter { $0.place.listsItems }.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    var lines: [TreeLine] = []
    for step in instances[""] ?? [] where showsAll || !step.place.listsItems || step.state.isFailure {
      if step.isGroup {
        lines += group(step, lister: listers[step.name + ":items"], instances[step.name] ?? [], now)
      } else {
        lines += self.lines(of: step, now)
      }
    }
    let known = (parts[.plan] ?? []).count { $0.place.group == nil }
    let hidden =
      snapshot.outside - known - (parts[.hooks] ?? []).count - (parts[.undo] ?? []).count
      - (parts[.old] ?? []).count
    if hidden > 0, !showsAll {
      lines.append(TreeLine(mark: .note, name: "… and \(counted(hidden, "more step")); --all shows every one"))
    }
    for (part, title) in [(StepPlace.Part.hooks, "Hooks"), (.undo, "Undo"), (.old, "Before the retry")] {
      guard let steps = parts[part], part != .old || showsAll else { continue }
      lines.append(TreeLine(mark: .heading, name: title))
      for step in steps { lines += self.lines(of: step, depth: 1, now) }
    }
    return lines
  }

  /// A step, the run that it started, and its outputs.
  private func lines(of step: RunStep, depth: Int = 0, _ now: Moment) -> [TreeLine] {
    var lines = [
      TreeLine(
        depth: depth, mark: .step(step.state), name: step.place.label, kind: step.isGroup ? "group" : step.uses,
        elapsed: step.elapsed(at: now), detail: detail(of: step, now),
        fraction: step.progress.flatMap(StepProgress.init)?.fraction)
    ]
    for run in snapshot.children where run.parentStep == step.id {
      lines.append(
        TreeLine(
          depth: depth + 1, mark: .run(run.state), name: run.workflow, kind: "run", elapsed: now - run.submittedAt,
          detail: "\(run.id): " + run.steps.progress))
    }
    if let output = outputs[step.id] {
      let members = output.object.map { $0.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.shortText)" } }
      lines += (members ?? [output.shortText]).map { TreeLine(depth: depth + 1, mark: .note, name: singleLine($0)) }
    }
    return lines
  }

  /// A group in one line, and its instances: those in which something happens or went wrong, or all.
  private func group(_ group: RunStep, lister: RunStep?, _ instances: [RunStep], _ now: Moment) -> [TreeLine] {
    var line = TreeLine(mark: .step(group.state), name: group.place.label, kind: "group")
    guard group.state == .succeeded else {
      line.detail = detail(of: group, now)
      if group.state == .blocked, let lister, lister.state.isLive {
        line.mark = .step(lister.state)
        line.detail = "lists its items" + (detail(of: lister, now).isEmpty ? "" : ": " + detail(of: lister, now))
      }
      return [line]
    }
    let items = snapshot.items[group.name] ?? GroupItems()
    line.mark = .step(items.state)
    line.detail = items.total == 0 ? "no items" : "\(counted(items.total, "item")): \(items.summary)"
    // From when the items were known: a step that slept counts as started when it woke.
    if let start = group.finishedAt ?? items.startedAt, items.total > 0 {
      line.elapsed = (items.open > 0 ? now : items.finishedAt ?? now) - start
    }
    let ordered = showsAll ? instances.sorted(by: Self.isBefore) : instances.filter { Self.matters($0) }
    let shown = showsAll ? ordered[...] : Self.mostImportant(ordered)
    var lines = [line] + shown.flatMap { self.lines(of: $0, depth: 1, now) }
    if shown.count < ordered.count {
      let rest = ordered.count - shown.count
      lines.append(TreeLine(depth: 1, mark: .note, name: "… and \(counted(rest, "more step")); --all shows every one"))
    }
    return lines
  }

  private static func matters(_ step: RunStep) -> Bool { step.state.isFailure || step.state.isLive }

  /// Failures, then what runs, waits and is queued; in the order of the plan.
  private static func mostImportant(_ steps: [RunStep]) -> ArraySlice<RunStep> {
    guard steps.count > mostInstances else { return steps[...] }
    func weight(_ step: RunStep) -> Int {
      switch step.state {
      case .failed, .quarantined: 0
      case .running: 1
      case .waiting: 2
      default: 3
      }
    }
    return steps.sorted { (weight($0), $0.id) < (weight($1), $1.id) }.prefix(mostInstances)
      .sorted { $0.id < $1.id }[...]
  }

  /// By the number of the item, so that the steps of one stand together.
  private static func isBefore(_ left: RunStep, _ right: RunStep) -> Bool {
    (left.itemNumber, left.id) < (right.itemNumber, right.id)
  }

  /// What it waits for, where it runs, or how it failed.
  func detail(of step: RunStep, _ now: Moment) -> String {
    let reason = step.reason.map { singleLine($0) } ?? ""
    var parts: [String] = []
    switch step.state {
    case .running:
      if let progress = step.progress.flatMap(StepProgress.init)?.text, !progress.isEmpty { parts.append(progress) }
      parts.append("on \(step.worker ?? "?")")
      if let attempt = step.attempt, attempt > 1 { parts.append("attempt \(attempt) of \(step.maxAttempts)") }
      if !reason.isEmpty { parts.append("is being stopped: \(reason)") }
    case .waiting:
      // The time first: reasons are long, and lines are cut.
      let isRetry = step.signal == nil && (step.attempt ?? 1) > 1
      let time = step.wakeAt.map { wake in
        // "0s more" would mean that it is over.
        let left = growingText(max(.seconds(1), wake - now + .milliseconds(500)))
        return isRetry ? "again in \(left): " : "for \(left) more: "
      }
      parts.append((time ?? "") + reason)
    case .ready: parts.append(readyText(step, reason))
    case .blocked: parts += needText(of: step).map { ["needs \($0)"] } ?? []
    case .failed, .quarantined:
      let attempt = step.attempt.flatMap { $0 > 1 ? "attempt \($0) of \(step.maxAttempts): " : nil } ?? ""
      parts.append(attempt + (reason.isEmpty ? step.state.rawValue : reason))
    case .succeeded: if let attempt = step.attempt, attempt > 1 { parts.append("at attempt \(attempt)") }
    case .skipped: parts.append(reason.isEmpty ? "skipped" : "skipped: \(reason)")
    case .omitted: parts.append("left out: \(reason)")
    case .cancelled: parts.append(reason.isEmpty ? "cancelled" : "cancelled: \(reason)")
    }
    let item = step.item?.itemText.map { [$0] } ?? []
    return (item + (parts.isEmpty ? [] : [parts.joined(separator: ", ")])).joined(separator: ": ")
  }

  /// Why nobody takes a step, in few words; the sentences of 'explain' say more.
  private func readyText(_ step: RunStep, _ reason: String) -> String {
    switch step.waitsFor {
    case "queued": return "waits for a free slot"
    case "limit": return "waits for limit " + listed(step.limits)
    case "no-worker" where !step.labels.isEmpty:
      return "no worker with " + listed(step.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    default: return reason
    }
  }

  /// The needs of a step that are not over.
  private func needText(of step: RunStep) -> String? {
    let needs = Set(snapshot.needs[step.id] ?? [])
    guard !needs.isEmpty else { return nil }
    let open = snapshot.steps.filter { needs.contains($0.id) }.compactMap { need -> String? in
      if need.isGroup, need.state == .succeeded {
        guard let items = snapshot.items[need.name], items.open > 0 else { return nil }
        return "\(need.name) (\(decimal(items.open)) of \(counted(items.total, "item")) to go)"
      }
      guard !need.state.isOver else { return nil }
      return step.place.group == nil ? need.name : need.lastName
    }
    return open.isEmpty ? nil : listed(open)
  }
}

extension RunSnapshot {
  /// How many steps stand outside of groups.
  fileprivate var outside: Int { outsideSteps ?? steps.count { $0.place.group == nil } }
}

extension RunStep {
  /// The number of its item in the outermost group; 0 outside of groups.
  fileprivate var itemNumber: Int {
    place.group == nil ? 0 : Int(place.label.dropFirst().prefix { $0 != "]" }) ?? 0
  }

  /// The name within its group.
  var lastName: String { name.lastIndex(of: "]").map { String(name[$0...].dropFirst(2)) } ?? name }
}

extension JSONValue {
  /// An item for people: a text or a number as it is, of an object its name or id; nil if that would be too long.
  var itemText: String? {
    guard let bindings = object, bindings.count == 1, let value = bindings.first?.value else { return nil }
    let named = value["name"] ?? value["id"] ?? value
    let text = named.object == nil && named.array == nil ? named.shortText : ""
    return text.isEmpty || displayWidth(text) > 30 ? nil : singleLine(text)
  }

  /// Texts without quotes, everything else as JSON.
  var shortText: String { string ?? text }
}

extension GroupItems {
  /// The state of the group as a whole: a failure shows at once.
  var state: StepState {
    if counts[.failed] != nil { return .failed }
    for state in [StepState.running, .waiting, .ready, .blocked] where counts[state] != nil {
      return state == .blocked ? .running : state
    }
    for state in [StepState.cancelled, .omitted] where counts[state] != nil { return state }
    return .succeeded
  }

  /// `9 done, 2 running, 1 failed`
  var summary: String {
    let order: [StepState] = [
      .succeeded, .skipped, .running, .waiting, .ready, .blocked, .failed, .cancelled, .omitted,
    ]
    return order.compactMap { state in counts[state].map { "\(decimal($0)) \(state.word)" } }.joined(separator: ", ")
  }
}

extension StepCounts {
  /// `12 of 40 steps, 2 running, 1 failed`
  var progress: String {
    var parts = ["\(decimal(over)) of \(counted(total, "step"))"]
    if running > 0 { parts.append("\(decimal(running)) running") }
    if waiting > 0 { parts.append("\(decimal(waiting)) waiting") }
    if ready > 0 { parts.append("\(decimal(ready)) queued") }
    if failed > 0 { parts.append("\(decimal(failed)) failed") }
    return parts.joined(separator: ", ")
  }
}
