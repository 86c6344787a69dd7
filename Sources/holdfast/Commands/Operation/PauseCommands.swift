internal import CommandSyntax
internal import JSON
internal import StepEngine
internal import Terminal

/// What `holdfast pause` and `holdfast resume` have in common.
enum Pausing {
  static let scope = Operand<EngineClient.PauseScope>.required(.choice("SCOPE"), "What kind of thing NAME is")
  static let name = Operand<String>.required(
    .text("NAME", completion: .pausable), "The queue or the policy")

  /// The names that are known: queues that runs were submitted to, policies with a schedule or with runs.
  static func known(_ scope: EngineClient.PauseScope, _ reader: StatusReader) async throws -> [String] {
    switch scope {
    case .queue: try await reader.names("select distinct queue from holdfast.queue_depth")
    case .policy:
      try await reader.names(
        "select policy from holdfast.schedule_status union select policy from holdfast.queue_depth where policy is not null"
      )
    }
  }
}

/// `holdfast pause`
enum PauseCommand {
  static let reason = Option<String>.value(
    "--reason", .text("TEXT"), default: "paused by hand", "Why, as the status shows it")

  static let command = Command(
    name: "pause",
    summary: "Take no more steps of a queue or a policy",
    discussion: [
      "What runs goes on, nothing new is taken, and a paused policy's schedule fires nothing. What falls due during the "
        + "pause is not made up for.",
      "What a run that has begun does in any case is still taken: steps with 'always: true' or 'urgent: true', hooks and undos. No "
        + "application stays at rest for a pause.",
    ],
    options: [reason.description],
    operands: [Pausing.scope.description, Pausing.name.description],
    examples: [
      Example(purpose: "During maintenance", line: "holdfast pause queue default --reason maintenance"),
      Example(purpose: "One policy only", line: "holdfast pause policy nightly --reason \"disk is full\""),
    ]
  ) { arguments in
    let (scope, name) = (arguments[Pausing.scope], arguments[Pausing.name])
    let pool = try arguments.pool()
    let known = try await Pausing.known(scope, StatusReader(pool: pool))
    let isNew = !known.contains(name)
    // A queue may be paused before anything is submitted to it; a policy that nobody knows is a mistyped one.
    if isNew, scope == .policy {
      throw notFound("policy", name, among: known, advice: "'holdfast policies' shows those with a schedule")
    }
    try await EngineClient(pool: pool).pause(scope, name, reason: arguments[reason])
    arguments.report(
      "\(scope.rawValue) \(name) is paused" + (isNew ? "; no run was submitted to it yet" : ""), name: name,
      ["scope": .string(scope.rawValue), "name": .string(name), "paused": true, "reason": .string(arguments[reason])])
  }
}

/// `holdfast resume`
enum ResumeCommand {
  static let command = Command(
    name: "resume",
    summary: "Let a paused queue or policy go on",
    operands: [Pausing.scope.description, Pausing.name.description],
    examples: [Example(purpose: "After maintenance", line: "holdfast resume queue default")]
  ) { arguments in
    let (scope, name) = (arguments[Pausing.scope], arguments[Pausing.name])
    let pool = try arguments.pool()
    guard try await EngineClient(pool: pool).resume(scope, name) else {
      let known = try await Pausing.known(scope, StatusReader(pool: pool))
      guard known.contains(name) else { throw notFound(scope.rawValue, name, among: known) }
      throw CommandFailure(.failed, "\(scope.rawValue) \(name) is not paused.")
    }
    arguments.report(
      "\(scope.rawValue) \(name) goes on", name: name,
      ["scope": .string(scope.rawValue), "name": .string(name), "paused": false])
  }
}
