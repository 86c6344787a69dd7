internal import Terminal

/// Sentences, points, quoted lines and commands that can be copied.
struct Explanation: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case sentence(String)
    case point(String)
    /// More about the point before.
    case detail(String)
    case quote([String])
    case command(String)
  }

  var parts: [Part] = []

  mutating func say(_ text: String) { parts.append(.sentence(text)) }
  mutating func point(_ text: String) { parts.append(.point(text)) }
  mutating func detail(_ text: String) { parts.append(.detail(text)) }
  mutating func quote(_ lines: [String]) { if !lines.isEmpty { parts.append(.quote(lines)) } }
  /// Commands that were named before are not named again.
  mutating func command(_ line: String) { if !parts.contains(.command(line)) { parts.append(.command(line)) } }

  /// The lines for a width: text is wrapped, commands and quoted lines are not.
  func lines(width: Int) -> [StyledLine] {
    parts.enumerated().flatMap { index, part -> [StyledLine] in
      switch part {
      case .sentence(let text):
        let gap = index == 0 ? [] : [StyledLine()]
        return gap + wrap(singleLine(text), width: width).map { StyledLine($0) }
      case .point(let text):
        return wrap(singleLine(text), width: width - 4).enumerated().map {
          StyledLine(($0.offset == 0 ? "  - " : "    ") + $0.element)
        }
      case .detail(let text): return wrap(singleLine(text), width: width - 4).map { StyledLine("    " + $0) }
      case .quote(let lines): return lines.map { StyledLine("    │ " + singleLine($0), .faint) }
      case .command(let line): return [StyledLine("      " + line, .bold)]
      }
    }
  }
}

/// What an explanation needs to know beside the run.
struct ExplainFacts: Sendable, Equatable {
  struct Worker: Sendable, Equatable {
    var name: String
    var state: String
    var kinds: [String]
    var queues: [String]?
    var labels: [String: String]
    var slots: Int
    var busy: Int
    var lastSeenAt: Moment
    var leaseEndsAt: Moment
  }

  struct Limit: Sendable, Equatable {
    var name: String
    var capacity: Int
    var used: Int
    /// The steps that hold it, oldest first.
    var holders: [Holder]
  }

  struct Holder: Sendable, Equatable {
    var run: Int64
    var step: String
    var worker: String?
    /// As the database writes it.
    var since: Moment?
  }

  struct Attempt: Sendable, Equatable {
    var state: String
    var worker: String?
    var startedAt: Moment?
    var finishedAt: Moment
    var message: String?
  }

  /// Workers that live.
  var workers: [Worker] = []
  var limits: [Limit] = []
  /// The attempts of the step in question, oldest first.
  var attempts: [Attempt] = []
  /// The last lines that it printed.
  var lastLines: [String] = []
}
