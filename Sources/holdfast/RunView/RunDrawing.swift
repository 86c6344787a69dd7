internal import JSON
internal import Terminal

/// Lays the picture of a run out for a width.
struct RunDrawing {
  /// How wide lines may be; nil for any width.
  let columns: Int?
  /// The widths of name, kind and time in the last picture: columns only grow, so that a live picture stands still.
  private var widths = (name: 0, kind: 0, time: 0)

  init(columns: Int?) { self.columns = columns }

  /// The whole picture, in at most `rows` lines.
  mutating func picture(_ snapshot: RunSnapshot, at now: Moment, rows: Int, status: StyledLine?) -> [StyledLine] {
    var top = header(snapshot, at: now) + [progress(snapshot.run.steps), StyledLine()]
    let bottom = status.map { [StyledLine(), $0] } ?? []
    // In a low terminal the steps count more than what does not change.
    while top.count > 2, top.count + bottom.count + 4 > rows { top.remove(at: top.count == 3 ? 2 : 1) }
    let room = max(0, rows - top.count - bottom.count)
    return Array((top + tree(RunTree(snapshot: snapshot).lines(at: now).fitted(to: room)) + bottom).prefix(rows))
  }

  /// What the run is and how far it has come, in two to four lines.
  func header(_ snapshot: RunSnapshot, at now: Moment) -> [StyledLine] {
    let run = snapshot.run
    var title = StyledLine("\(run.state.symbol) ", run.state.emphasis)
    title.append(run.workflow, .bold)
    title.append("  run \(run.id)")
    if let policy = run.policy { title.append("  policy \(policy)") }
    title.append("  ")
    title.append(run.state.rawValue, run.state.emphasis)
    title.append(
      (run.state.isOver ? " after " : " for ")
        + (run.finishedAt.map { durationText($0 - run.submittedAt) } ?? growingText(now - run.submittedAt)))
    var facts: [String] = []
    if let started = run.startedAt {
      facts.append("started \(timeText(started, now: now))")
    } else {
      facts.append("submitted \(timeText(run.submittedAt, now: now)), not started yet")
    }
    if let finished = run.finishedAt { facts.append("ended \(timeText(finished, now: now))") }
    if let deadline = run.deadlineAt, !run.state.isOver {
      facts.append("has to end by \(timeText(deadline, now: now))")
    }
    if run.queue != "default" { facts.append("queue \(run.queue)") }
    if let parent = run.parentRun { facts.append("started by run \(parent)") }
    var lines = [title, StyledLine("  " + facts.joined(separator: ", "), .faint)]
    if let params = run.params?.object, !params.isEmpty {
      let texts = params.sorted { $0.key < $1.key }.map { "\($0.key)=\(singleLine($0.value.shortText))" }
      lines.append(StyledLine("  " + texts.joined(separator: " "), .faint))
    }
    if run.state == .cancelling || run.state == .undoing || run.state == .cancelled, let reason = run.stopReason {
      lines.append(
        StyledLine("  \(run.state == .cancelled ? "cancelled" : "is being stopped"): \(singleLine(reason))", .yellow))
    }
    return lines
  }

  /// How many of the steps are over, as a bar and in numbers.
  func progress(_ counts: StepCounts) -> StyledLine {
    let width = min(30, max(10, (columns ?? 80) / 3))
    let total = max(1, counts.total)
    let done = width * (counts.succeeded + counts.skipped) / total
    // A single failure among thousands still shows.
    let bad = min(width - done, (width * (counts.failed + counts.omitted + counts.cancelled) + total - 1) / total)
    var line = StyledLine("  ")
    line.append(String(repeating: "█", count: done), .green)
    line.append(String(repeating: "█", count: bad), .red)
    line.append(String(repeating: "░", count: width - done - bad), .faint)
    line.append("  " + counts.progress)
    return line
  }

  /// The lines of the tree, in columns.
  mutating func tree(_ lines: [TreeLine]) -> [StyledLine] {
    let columns = columns ?? .max
    let rows = lines.filter { $0.mark != .heading && $0.mark != .note }
    let widestName = rows.map { 2 * $0.depth + displayWidth($0.name) }.max() ?? 0
    let nameWidth = max(widths.name, min(widestName, columns == .max ? 60 : max(16, columns * 2 / 5)))
    let kindWidth = columns < 60 ? 0 : max(widths.kind, min(12, rows.map { displayWidth($0.kind) }.max() ?? 0))
    let timeWidth = max(widths.time, rows.compactMap { $0.elapsedText?.count }.max() ?? 0)
    widths = (nameWidth, kindWidth, timeWidth)
    return lines.map { line in
      let indent = String(repeating: " ", count: 2 * line.depth)
      switch line.mark {
      case .heading: return StyledLine(indent + line.name, .bold)
      case .note: return StyledLine("  " + indent + line.name, .faint)
      case .step, .run:
        var text = StyledLine(indent)
        text.append(line.symbol, line.emphasis)
        let room = nameWidth - 2 * line.depth
        text.append(" " + padded(shortened(line.name, to: room), to: room), line.isQuiet ? .faint : nil)
        if kindWidth > 0 { text.append("  " + padded(shortened(line.kind, to: kindWidth), to: kindWidth), .faint) }
        if timeWidth > 0 {
          let time = line.elapsedText ?? ""
          text.append("  " + String(repeating: " ", count: timeWidth - time.count) + time)
        }
        if let fraction = line.fraction, columns != .max {
          // In a narrow terminal the numbers say more than a bar.
          text.append("  " + (columns >= 100 ? StepProgress.bar(fraction) : "\(Int(fraction * 100))%"), .green)
        }
        text.append("  " + line.detail, line.detailEmphasis)
        return text
      }
    }
  }
}

extension TreeLine {
  fileprivate var symbol: String {
    switch mark {
    case .step(let state): state.symbol
    case .run(let state): state.symbol
    case .heading, .note: ""
    }
  }

  fileprivate var emphasis: TextStyle.Emphasis? {
    switch mark {
    case .step(let state): state.emphasis
    case .run(let state): state.emphasis
    case .heading, .note: nil
    }
  }

  /// Of what is going on in whole seconds, or it would never be still.
  fileprivate var elapsedText: String? {
    let isOver =
      switch mark {
      case .step(let state): state.isOver
      case .run(let state): state.isOver
      case .heading, .note: true
      }
    return elapsed.map { isOver ? durationText($0) : growingText($0) }
  }

  /// Nothing happens there now.
  fileprivate var isQuiet: Bool {
    if case .step(let state) = mark { [.blocked, .skipped, .omitted].contains(state) } else { false }
  }

  fileprivate var detailEmphasis: TextStyle.Emphasis? {
    switch mark {
    case .step(.failed), .step(.quarantined): .red
    case .step(.waiting), .step(.ready): .yellow
    case .step(.blocked), .step(.skipped), .step(.omitted), .step(.cancelled): .faint
    default: nil
    }
  }
}

extension StepState {
  var emphasis: TextStyle.Emphasis? {
    switch self {
    case .succeeded: .green
    case .failed, .quarantined: .red
    case .running: .blue
    case .waiting, .ready, .cancelled: .yellow
    case .blocked, .skipped, .omitted: .faint
    }
  }
}

extension RunState {
  var emphasis: TextStyle.Emphasis? {
    switch self {
    case .succeeded: .green
    case .failed: .red
    case .running: .blue
    case .cancelling, .undoing, .cancelled: .yellow
    }
  }
}
