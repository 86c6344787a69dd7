internal import Terminal

/// Says in plain sentences what a run does, what it waits for, or why it ended as it did.
struct Explainer {
  /// Every step but those of before a retry, and every edge.
  var snapshot: RunSnapshot
  var facts: ExplainFacts
  private let byID: [Int64: RunStep]

  init(_ snapshot: RunSnapshot, _ facts: ExplainFacts) {
    var current = snapshot
    current.steps.removeAll { $0.place.part == .old }
    self.snapshot = current
    self.facts = facts
    byID = Dictionary(snapshot.steps.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
  }

  var now: Moment { snapshot.now }
  var advice: Advice { Advice(run: snapshot.run.id) }

  /// How many steps of one sort are named one by one.
  static let mostNamed = 5

  func step(_ id: Int64) -> RunStep? { byID[id] }

  /// The needs of a step, over or not.
  func needs(of step: RunStep) -> [RunStep] { (snapshot.needs[step.id] ?? []).sorted().compactMap { byID[$0] } }

  /// The failure that came first: with it a run's misfortune began.
  static func firstFailure(of snapshot: RunSnapshot) -> RunStep? {
    snapshot.steps.filter { $0.state.isFailure && $0.place.part == .plan }.min { left, right in
      (left.finishedAt?.microseconds ?? .max, left.id) < (right.finishedAt?.microseconds ?? .max, right.id)
    }
  }

  /// About the run as a whole.
  func explainRun() -> Explanation {
    var text = Explanation()
    let run = snapshot.run
    switch run.state {
    case .running, .cancelling, .undoing: explainLive(&text)
    case .succeeded:
      text.say(
        "Run \(run.id) of \(run.workflow) succeeded after \(durationText((run.finishedAt ?? now) - run.submittedAt)): "
          + "\(run.steps.progress) are over.")
      let slowest = snapshot.steps.filter { $0.state == .succeeded && !$0.isGroup }
        .sorted { $0.elapsed(at: now) ?? .zero > $1.elapsed(at: now) ?? .zero }.prefix(3)
      if !slowest.isEmpty {
        text.say("What took longest:")
        for step in slowest { text.point("\(step.name): \(durationText(step.elapsed(at: now) ?? .zero))") }
      }
    case .failed, .cancelled: explainEnd(&text)
    }
    return text
  }

  private func explainLive(_ text: inout Explanation) {
    let run = snapshot.run
    let since = growingText(now - run.submittedAt)
    switch run.state {
    case .cancelling:
      text.say("Run \(run.id) of \(run.workflow) is being stopped: \(run.stopReason ?? "no reason was given").")
    case .undoing:
      text.say(
        "Run \(run.id) of \(run.workflow) undoes what it did, since it \(run.failure.map { "failed: \($0)" } ?? "was cancelled")."
      )
    default: text.say("Run \(run.id) of \(run.workflow) was submitted \(since) ago: \(run.steps.progress).")
    }
    explainLeaves(snapshot.steps.filter(\.state.isLive), &text)
    let failures = snapshot.steps.filter(\.state.isFailure)
    if let first = Self.firstFailure(of: snapshot) {
      text.say(
        "\(counted(failures.count, "step")) failed already, first \(first.name): \(first.reason ?? "no reason was given")"
      )
      text.command(advice.logs(first.name))
    }
    let next = snapshot.steps.filter {
      $0.state == .blocked && $0.place.part == .plan && $0.place.group == nil && !$0.place.listsItems
    }.map(\.name)
    if !next.isEmpty { text.say("After that: \(listed(next, limit: Self.mostNamed)).") }
    if snapshot.steps.allSatisfy({ !$0.state.isLive }) {
      text.say("None of its steps can be taken now. If this lasts, look whether a worker or a scheduler runs:")
      text.command("holdfast workers")
    }
  }

  private func explainEnd(_ text: inout Explanation) {
    let run = snapshot.run
    let time = "after \(durationText((run.finishedAt ?? now) - run.submittedAt))"
    if run.state == .cancelled {
      text.say("Run \(run.id) of \(run.workflow) was cancelled \(time): \(run.stopReason ?? "no reason was given").")
    } else {
      text.say("Run \(run.id) of \(run.workflow) failed \(time).")
    }
    if let first = Self.firstFailure(of: snapshot) {
      explainFailure(of: first, &text)
    } else if run.state == .failed {
      text.say("No step of it failed by itself: \(run.failure ?? run.stopReason ?? "no reason was given").")
    }
    let others = snapshot.steps.filter { $0.state.isFailure && $0.id != Self.firstFailure(of: snapshot)?.id }
    if !others.isEmpty {
      text.say("\(counted(others.count, "more step")) failed, too:")
      for step in others.prefix(3) { text.point("\(step.name): \(step.reason ?? step.state.rawValue)") }
      if others.count > 3 { text.point("and \(decimal(others.count - 3)) more") }
    }
    let leftOut = snapshot.steps.filter { $0.state == .omitted && $0.place.part == .plan }.map(\.name)
    if !leftOut.isEmpty { text.say("Left out because of that: \(listed(leftOut, limit: Self.mostNamed)).") }
    let undo = snapshot.steps.filter { $0.place.part == .undo }
    if !undo.isEmpty {
      let undone = undo.count { $0.state == .succeeded }
      text.say(
        undone == undo.count
          ? "What it had done was undone: \(counted(undone, "step"))."
          : "What it had done was undone only in part: \(decimal(undone)) of \(counted(undo.count, "step")). Look at the others:"
      )
      // Those that were given up as well.
      for step in undo.filter({ $0.state != .succeeded }).prefix(3) {
        text.point("\(step.name): \(step.reason ?? step.state.rawValue)")
      }
    }
    text.say("Once the cause is gone, this repeats what did not succeed:")
    text.command(advice.retry)
  }

  /// How a step failed, try by try, and what it said last.
  func explainFailure(of step: RunStep, _ text: inout Explanation) {
    let time = step.finishedAt.map { " at \(timeText($0, now: now))" } ?? ""
    let place = step.worker.map { " on \($0)" } ?? ""
    let attempt = step.attempt.flatMap { $0 > 1 ? " at attempt \($0) of \(step.maxAttempts)" : nil } ?? ""
    let verb = step.state == .quarantined ? "was quarantined" : "failed"
    text.say("\(step.name) (\(step.uses)) \(verb)\(time)\(attempt)\(place):")
    text.quote([step.reason ?? "no reason was given"])
    let earlier = facts.attempts.filter { ["retrying", "lost"].contains($0.state) }
    if !earlier.isEmpty {
      text.say("Its attempts before that:")
      for attempt in earlier.suffix(3) {
        let lost = attempt.state == "lost" ? "its worker was lost" : attempt.message ?? "failed"
        text.point("\(timeText(attempt.finishedAt, now: now))\(attempt.worker.map { " on \($0)" } ?? ""): \(lost)")
      }
    }
    if !facts.lastLines.isEmpty {
      text.say("The last that it printed:")
      text.quote(facts.lastLines)
    }
    text.command(advice.logs(step.name))
  }

  /// What is going on, one point for each step, those that wait for the same in one.
  func explainLeaves(_ steps: [RunStep], _ text: inout Explanation) {
    let running = steps.filter { $0.state == .running }
    if !running.isEmpty {
      text.say("\(counted(running.count, "step")) \(running.count == 1 ? "runs" : "run") now:")
      let ordered = running.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
      for step in ordered.prefix(Self.mostNamed) {
        let progress = step.progress.flatMap(StepProgress.init)?.text ?? ""
        text.point(runningText(step) + (progress.isEmpty ? "" : ": " + progress))
      }
      if running.count > Self.mostNamed { text.point("and \(decimal(running.count - Self.mostNamed)) more") }
    }
    // Those that wait for the same share a point, and an advice.
    var causes: [(reason: String, steps: [RunStep])] = []
    for step in steps where step.state != .running {
      let reason = step.reason ?? "a free slot of a worker"
      if let index = causes.firstIndex(where: { $0.reason == reason && $0.steps[0].state == step.state }) {
        causes[index].steps.append(step)
      } else {
        causes.append((reason, [step]))
      }
    }
    if !causes.isEmpty { text.say("\(running.isEmpty ? "It waits" : "It waits as well"):") }
    for cause in causes.prefix(Self.mostNamed) {
      let step = cause.steps[0]
      let since = "\(step.state == .ready ? "ready " : "")since \(growingText(now - step.since))"
      text.point("\(listed(cause.steps.map(\.name))), \(since): \(cause.reason)")
      explainWait(of: step, &text)
    }
    if causes.count > Self.mostNamed { text.point("and for \(counted(causes.count - Self.mostNamed, "more thing"))") }
  }

  /// Since when a step runs, where, and for how long it may.
  func runningText(_ step: RunStep, verb: String = "") -> String {
    var words = "\(step.name) (\(step.uses))\(verb) since \(growingText(now - step.since)) on \(step.worker ?? "?")"
    if let attempt = step.attempt, attempt > 1 { words += ", attempt \(attempt) of \(step.maxAttempts)" }
    if let limit = step.timeLimitAt { words += ", has \(durationText(limit - now)) left" }
    if let reason = step.reason { words += "; it is being stopped: \(reason)" }
    return words
  }
}
