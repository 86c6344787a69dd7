internal import JSON
internal import Terminal

/// About single steps.
extension Explainer {
  /// About one step.
  func explain(_ step: RunStep) -> Explanation {
    var text = Explanation()
    let run = "run \(snapshot.run.id) of \(snapshot.run.workflow)"
    switch step.state {
    case .blocked: explainBlocked(step, &text)
    case .ready, .waiting:
      let verb = step.state == .ready ? "is ready but not taken" : "waits"
      let reason = step.reason ?? "all that can do it are busy"
      text.say("\(step.name) (\(step.uses), \(run)) \(verb) since \(growingText(now - step.since)): \(reason)")
      explainWait(of: step, &text)
      if step.waitsFor == "no-worker" { explainWorkers(for: step, &text) }
    case .running: explainRunning(step, &text)
    case .succeeded:
      if step.isGroup {
        explainGroup(step, &text)
      } else {
        text.say("\(step.name) (\(step.uses), \(run)) succeeded \(endText(step)).")
      }
    case .failed, .quarantined:
      explainFailure(of: step, &text)
      let after = snapshot.steps.filter { $0.state == .omitted && needs(of: $0).contains { $0.id == step.id } }
      if !after.isEmpty { text.say("Left out because of it: \(listed(after.map(\.name), limit: Self.mostNamed)).") }
      if snapshot.run.state.isOver {
        text.say("Once the cause is gone, this repeats what did not succeed:")
        text.command(advice.retry)
      }
    case .skipped: text.say("\(step.name) (\(run)) was skipped: \(step.reason ?? "its condition is false").")
    case .omitted: explainOmitted(step, &text)
    case .cancelled:
      text.say(
        "\(step.name) (\(run)) was cancelled \(endText(step)): \(step.reason ?? snapshot.run.stopReason ?? "no reason was given")."
      )
      if let reason = snapshot.run.stopReason, reason != step.reason { text.say("Why its run was stopped: \(reason)") }
    }
    return text
  }

  /// The step whose attempts and last lines belong to the explanation of this one.
  func focus(of step: RunStep) -> RunStep {
    guard step.state == .omitted else { return step }
    return causes(of: step).last ?? step
  }

  /// About all instances of a group's step: `volumes.export`.
  func explain(instances steps: [RunStep], named name: String) -> Explanation {
    var text = Explanation()
    let counts = Dictionary(grouping: steps, by: \.state).mapValues(\.count)
    let states = StepState.allCases.compactMap { state in counts[state].map { "\(decimal($0)) \(state.word)" } }
    text.say("\(name) has \(counted(steps.count, "instance")): \(states.joined(separator: ", ")).")
    let failures = steps.filter(\.state.isFailure)
    if !failures.isEmpty {
      text.say("Failed:")
      for step in failures.prefix(Self.mostNamed) { text.point("\(step.name): \(step.reason ?? step.state.rawValue)") }
      if failures.count > Self.mostNamed { text.point("and \(decimal(failures.count - Self.mostNamed)) more") }
      text.command(advice.logs(failures[0].name))
    }
    explainLeaves(steps.filter(\.state.isLive), &text)
    if let blocked = steps.first(where: { $0.state == .blocked }) {
      let others = steps.count { $0.state == .blocked } - 1
      text.say(
        others > 0 ? "Of \(counted(others + 1, "instance")) that \(others == 0 ? "waits" : "wait") for others:" : "And:"
      )
      text.parts += explain(blocked).parts
    }
    return text
  }

  // MARK: - Needs

  /// Follows the needs that are not over down to the steps in which something happens.
  private func explainBlocked(_ step: RunStep, _ text: inout Explanation) {
    var leaves: [RunStep] = []
    var seen: Set<Int64> = [step.id]
    var level = [step]
    var depth = 0
    while !level.isEmpty, depth < 20 {
      var next: [RunStep] = []
      for (name, waiting) in byPathlessName(level) {
        let all = waiting.flatMap { needs(of: $0) }
        let open = all.filter { !$0.state.isOver }
        // Steps of a group are listed instead of it, once there are some.
        let points = byPathlessName(open).map { needName, members in
          let total = Set(all.filter { StepPlace.pathless($0.name) == needName }.map(\.id)).count
          let left = Set(members.map(\.id)).count
          if total == 1 { return members[0].name }
          return left == total
            ? "\(needName) (all \(decimal(total)))" : "\(needName) (\(decimal(left)) of \(decimal(total)) are not over)"
        }
        if points.isEmpty {
          text.say("\(name) waits, though all that it needs is over; it will be ready within a moment.")
        } else if depth < 6 {
          text.say("\(name) waits for \(listed(points)).")
        }
        for need in open where seen.insert(need.id).inserted {
          if need.state == .blocked { next.append(need) } else { leaves.append(need) }
        }
      }
      level = next
      depth += 1
    }
    if !leaves.isEmpty { explainLeaves(leaves, &text) }
  }

  /// Steps by their name without item numbers; a single one by its own name.
  private func byPathlessName(_ steps: [RunStep]) -> [(name: String, steps: [RunStep])] {
    var groups: [(name: String, steps: [RunStep])] = []
    var places: [String: Int] = [:]
    for step in steps {
      let name = StepPlace.pathless(step.name)
      if let place = places[name] {
        groups[place].steps.append(step)
      } else {
        places[name] = groups.count
        groups.append((name, [step]))
      }
    }
    return groups
  }

  /// Walks back from what was left out to the failure.
  private func explainOmitted(_ step: RunStep, _ text: inout Explanation) {
    var current = step
    for cause in causes(of: step) {
      let others = badNeeds(of: current).count - 1
      let more = others > 0 ? "; \(counted(others, "other step")) that it needs did not succeed either" : ""
      let verb = cause.state.isFailure ? "failed" : cause.state == .omitted ? "was left out, too" : "was cancelled"
      text.say("\(current.name) was left out, since it needs \(cause.name), which \(verb)\(more).")
      current = cause
    }
    if current.state.isFailure { explainFailure(of: current, &text) }
    if text.parts.isEmpty {
      text.say("\(step.name) was left out: \(step.reason ?? "a step that it needs did not succeed").")
    }
    if snapshot.run.state.isOver {
      text.say("Once the cause is gone, this repeats what did not succeed:")
      text.command(advice.retry)
    }
  }

  /// The steps through which a misfortune came to this one: the last is where it began.
  private func causes(of step: RunStep) -> [RunStep] {
    var causes: [RunStep] = []
    var current = step
    while current.state == .omitted, causes.count < 20 {
      let bad = badNeeds(of: current)
      guard let cause = bad.first(where: \.state.isFailure) ?? bad.first else { break }
      causes.append(cause)
      current = cause
    }
    return causes
  }

  private func badNeeds(of step: RunStep) -> [RunStep] {
    needs(of: step).filter { [.failed, .quarantined, .cancelled, .omitted].contains($0.state) }
  }

  // MARK: - Running

  private func explainRunning(_ step: RunStep, _ text: inout Explanation) {
    text.say("\(runningText(step, verb: " runs")).")
    if let progress = step.progress.flatMap(StepProgress.init), !progress.text.isEmpty {
      text.say("How far it is: \(progress.fraction.map { "\(Int($0 * 100))%, " } ?? "")\(progress.text).")
    }
    if let worker = facts.workers.first(where: { $0.name == step.worker }) {
      let silent = now - worker.lastSeenAt
      text.say(
        "Worker \(worker.name) was last heard of \(durationText(silent)) ago"
          + (worker.leaseEndsAt > now
            ? "; if nothing is heard of it for another \(durationText(worker.leaseEndsAt - now)), the step goes to another."
            : "; it is late, and the step goes to another within a moment."))
    }
    if let deadline = step.deadlineAt { text.say("It has to be over by \(timeText(deadline, now: now)).") }
    if let failed = facts.attempts.last(where: { ["retrying", "lost"].contains($0.state) }) {
      text.say(
        "The attempt before ended \(durationText(now - failed.finishedAt)) ago: "
          + (failed.state == "lost" ? "its worker was lost" : failed.message ?? "it failed"))
    }
    if facts.lastLines.isEmpty {
      text.say("It has printed nothing yet.")
    } else {
      text.say("The last that it printed:")
      text.quote(facts.lastLines)
      text.command(advice.logs(step.name) + " -f")
    }
  }

  private func explainGroup(_ group: RunStep, _ text: inout Explanation) {
    let items = snapshot.items[group.name] ?? GroupItems()
    guard items.total > 0 else { return text.say("\(group.name) is a group whose list was empty.") }
    text.say("\(group.name) is a group of \(counted(items.total, "item")): \(items.summary).")
    let instances = snapshot.steps.filter { $0.place.group == group.name }
    for step in instances.filter(\.state.isFailure).prefix(Self.mostNamed) {
      text.point("\(step.name): \(step.reason ?? step.state.rawValue)")
    }
    explainLeaves(instances.filter(\.state.isLive), &text)
  }

  private func endText(_ step: RunStep) -> String {
    var words = step.finishedAt.map { "at \(timeText($0, now: now))" } ?? ""
    if let elapsed = step.elapsed(at: now) { words += " after \(durationText(elapsed))" }
    if let attempt = step.attempt, attempt > 1 { words += ", at attempt \(attempt)" }
    return words + (step.worker.map { " on \($0)" } ?? "")
  }
}
