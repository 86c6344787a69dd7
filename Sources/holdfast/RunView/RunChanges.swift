internal import Terminal

/// What changed between looks at a run, one line for each change: for logs and pipes, where nothing can be drawn anew.
struct RunChanges: Sendable {
  private struct Known: Equatable {
    var state: StepState
    var attempt: Int?
    var since: Moment
  }

  /// How often a running step says how far it is.
  private static let progressPace = Duration.seconds(10)

  private var steps: [Int64: Known] = [:]
  /// When a running step has last said how far it is.
  private var told: [Int64: Moment] = [:]
  private var run: RunState?
  /// When the look before was taken.
  private(set) var seenAt: Moment?

  /// The lines for what is new in this look, in the order in which it happened.
  mutating func lines(_ snapshot: RunSnapshot) -> [String] {
    var lines: [(at: Moment, text: String)] = []
    let tree = RunTree(snapshot: snapshot)
    for step in snapshot.steps where !step.place.listsItems || step.state.isFailure {
      if let line = progress(of: step, at: snapshot.now) { lines.append((snapshot.now, line)) }
      let known = Known(state: step.state, attempt: step.attempt, since: step.since)
      let before = steps.updateValue(known, forKey: step.id)
      guard before != known, step.state != .blocked, !(before?.state == .ready && step.state == .ready) else {
        continue
      }
      // At the first look, what is done is no news.
      if seenAt == nil, step.state.isOver, !step.state.isFailure { continue }
      let at = step.finishedAt ?? step.since
      lines.append((at, "\(step.name) \(words(step, tree.detail(of: step, snapshot.now)))"))
    }
    lines.sort { $0.at < $1.at }
    let header = snapshot.run
    if run != header.state {
      let reason = header.state == .succeeded || header.state == .running ? nil : header.failure ?? header.stopReason
      let text =
        "run \(header.id) of \(header.workflow) \(header.state.sentence)" + (reason.map { ": \(singleLine($0))" } ?? "")
      let line = (at: header.finishedAt ?? snapshot.now, text: text)
      if run == nil, !header.state.isOver { lines.insert(line, at: 0) } else { lines.append(line) }
    }
    run = header.state
    seenAt = snapshot.now
    return lines.map { "\(timeOfDay($0.at)) \($0.text)" }
  }

  /// Now and then, how far a step is that has been running for a while.
  private mutating func progress(of step: RunStep, at now: Moment) -> String? {
    guard step.state == .running, let progress = step.progress.flatMap(StepProgress.init), !progress.text.isEmpty else {
      told[step.id] = nil
      return nil
    }
    guard now - (told[step.id] ?? step.since) >= Self.progressPace else { return nil }
    told[step.id] = now
    return "\(step.name) \(progress.fraction.map { "\(Int($0 * 100))%, " } ?? "")\(progress.text)"
  }

  private func words(_ step: RunStep, _ detail: String) -> String {
    switch step.state {
    case .blocked: "is blocked"
    case .ready: "is queued" + (detail.isEmpty ? "" : ": \(detail)")
    case .running: "running \(detail)"
    case .waiting: "waiting: \(detail)"
    case .succeeded:
      step.isGroup
        ? "expanded"
        : "succeeded" + (step.elapsed(at: step.since).map { " in \(durationText($0))" } ?? "")
          + (detail.isEmpty ? "" : " \(detail)")
    case .failed, .quarantined: "\(step.state.rawValue): \(detail)"
    case .skipped, .omitted, .cancelled: detail
    }
  }
}

extension RunState {
  fileprivate var sentence: String {
    switch self {
    case .running: "is running"
    case .cancelling: "is being cancelled"
    case .undoing: "undoes what it did"
    case .succeeded, .failed: rawValue
    case .cancelled: "was cancelled"
    }
  }
}
