internal import Terminal

/// One line of the picture of a run, before it is laid out for a width.
struct TreeLine: Sendable, Equatable {
  /// What stands in front of it.
  enum Mark: Sendable, Equatable {
    case step(StepState)
    case run(RunState)
    /// A title above others.
    case heading
    /// A remark about those above.
    case note
  }

  var depth = 0
  var mark: Mark
  var name: String
  var kind = ""
  var elapsed: Duration?
  var detail = ""
  /// The part of a step that is done, from 0 to 1, if it is known.
  var fraction: Double?

  /// What is left out last when there is little room: lower counts more.
  var weight: Int {
    switch mark {
    case .step(let state):
      switch state {
      case .failed, .quarantined: 0
      case .running: 1
      case .waiting, .ready: 2
      case .blocked: 4
      case .omitted, .cancelled, .skipped: 5
      case .succeeded: 6
      }
    case .run(let state): state == .failed ? 0 : 1
    case .heading: 3
    case .note: 3
    }
  }
}

extension [TreeLine] {
  /// At most `limit` of the lines: failures first, then what runs, waits and will come, then what is done, latest first. A
  /// line stays with those that stand below it. What is left out is counted in the last line.
  func fitted(to limit: Int) -> [TreeLine] {
    guard count > limit else { return self }
    guard limit > 1 else { return Array(prefix(Swift.max(0, limit))) }
    // A line weighs what the weightiest below it weighs, so that no line is shown without its parent.
    var weights = map(\.weight)
    var parents: [Int] = []
    for (index, line) in enumerated() {
      while let parent = parents.last, self[parent].depth >= line.depth { parents.removeLast() }
      for parent in parents { weights[parent] = Swift.min(weights[parent], weights[index]) }
      parents.append(index)
    }
    let done = 5
    let order = indices.sorted { left, right in
      if weights[left] != weights[right] { return weights[left] < weights[right] }
      return weights[left] >= done && self[left].depth == self[right].depth ? left > right : left < right
    }
    let kept = Set(order.prefix(limit - 1))
    let states: [(StepState, Int)] = StepState.allCases.map { state in
      (state, indices.count { !kept.contains($0) && self[$0].mark == .step(state) })
    }
    let counts = states.filter { $0.1 > 0 }.map { "\(decimal($0.1)) \($0.0.word)" }
    let rest = counts.isEmpty ? counted(count - limit + 1, "line") : counts.joined(separator: ", ")
    return indices.filter(kept.contains).map { self[$0] } + [TreeLine(mark: .note, name: "… not shown: \(rest)")]
  }
}

extension StepState {
  /// The state for people.
  var word: String {
    switch self {
    case .blocked: "to come"
    case .ready: "queued"
    case .succeeded: "done"
    case .omitted: "left out"
    case .running, .waiting, .failed, .skipped, .cancelled, .quarantined: rawValue
    }
  }

  /// The state in one column; another for each, so that colour is not needed.
  var symbol: String {
    switch self {
    case .blocked: "·"
    case .ready: "○"
    case .running: "●"
    case .waiting: "◌"
    case .succeeded: "✓"
    case .failed, .quarantined: "✗"
    case .skipped, .omitted: "-"
    case .cancelled: "⊘"
    }
  }
}

extension RunState {
  /// The state in one column.
  var symbol: String {
    switch self {
    case .running, .cancelling, .undoing: "●"
    case .succeeded: "✓"
    case .failed: "✗"
    case .cancelled: "⊘"
    }
  }
}
