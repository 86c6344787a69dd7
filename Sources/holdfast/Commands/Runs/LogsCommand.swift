internal import CommandSyntax
internal import Concurrency
internal import Glibc
internal import JSON
internal import Terminal
internal import Wording

/// `holdfast logs`
enum LogsCommand {
  static let step = Operand<String?>.optional(
    .text("STEP", completion: .steps),
    "A step, a group, or a step of a group, which means all its instances; without it all steps")
  static let follow = Option<Bool>.flag("--follow", short: "-f", "Go on with new lines until the run is over")
  static let attempt = Option<Int?>.optional(
    "--attempt", .integer(1...10_000), default: "all", "Only the lines of this attempt of each step")
  static let tail = Option<Int?>.optional(
    "--tail", .integer(0...1_000_000), default: "all", "Only so many lines, the last ones")
  static let since = Option<Duration?>.optional(
    "--since", .age("AGE"), default: "the beginning", "Only lines that are younger, such as 90s, 15m, 2h or 1d")

  static let command = Command(
    name: "logs",
    summary: "Show what the steps of a run printed",
    discussion: [
      "Each line has its time and step; an attempt that is not the first of its step begins with a line of its own. "
        + "With --output json each line is a JSON object: at, step, attempt, line, text."
    ],
    options: [follow.description, attempt.description, tail.description, since.description],
    operands: [RunReference.operand.description, step.description],
    examples: [
      Example(purpose: "Follow everything that a run prints", line: "holdfast logs latest -f"),
      Example(
        purpose: "The end of what one instance printed", line: "holdfast logs latest 'volumes[3].export' --tail 20"),
    ],
    run: run)

  static func run(_ arguments: ParsedArguments) async throws {
    let format = arguments[GlobalOptions.output]
    guard format == .table || format == .json else {
      throw UsageError(message: "logs are written as table or json, not as \(format.rawValue)", command: "logs")
    }
    let reader = RunReader(pool: try arguments.pool())
    let id = try await reader.find(arguments[RunReference.operand])
    ignoreBrokenPipes()
    guard
      var snapshot = try await reader.snapshot(
        of: id, RunReader.Wish(everyStep: true, limit: RunReader.everything, needs: false))
    else {
      throw RunReader.isGone(id)
    }
    let name = arguments[step]
    if let name, !(arguments[follow] && !snapshot.run.state.isOver) { _ = try StepChoice(name, in: snapshot) }

    var wish = LogWish(run: id, step: name, attempt: arguments[attempt], tail: arguments[tail])
    wish.since = arguments[since].map { Moment(microseconds: snapshot.now.microseconds - Int64($0 / .microseconds(1))) }
    var writer = LogWriter(
      style: arguments.style, hidesStep: name.map { name in snapshot.steps.contains { $0.name == name } } ?? false)
    var follower = LogFollower()
    while true {
      let begin = ContinuousClock.now
      // The state first: what is printed before the end is then there.
      if arguments[follow], follower.hasLooked {
        let look = RunReader.Wish(limit: 1, needs: false)
        guard let next = try await reader.snapshot(of: id, look) else { throw RunReader.isGone(id) }
        snapshot = next
      }
      let lines = follower.new(try await reader.log(wish))
      if lines.isEmpty, format == .table, !arguments[follow], wish == LogWish(run: id, step: name) {
        writeText("holdfast: \(name ?? "run \(id)") has printed nothing\n", to: STDERR_FILENO)
      }
      writeText(format == .json ? lines.map { $0.json.text + "\n" }.joined() : writer.text(lines))
      guard arguments[follow], !snapshot.run.state.isOver else { return }
      wish.tail = nil
      wish.since = follower.since ?? wish.since
      try await Task.sleep(for: max(.milliseconds(300), min(.seconds(10), (ContinuousClock.now - begin) * 4)))
    }
  }
}

extension ValueType where Value == Duration {
  /// How old something is: a number with s, m, h or d; seconds without.
  static func age(_ placeholder: String) -> Self {
    Self(
      placeholder: placeholder, expectation: "an age such as 90s, 15m, 2h or 1d",
      parse: { text in
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        let number = unit == nil ? text[...] : text.dropLast()
        guard !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) }), let count = Double(number),
          count < 1e9
        else { return nil }
        return .seconds(count * (unit ?? 1))
      },
      text: { durationText($0) })
  }
}
