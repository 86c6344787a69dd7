internal import CommandSyntax
internal import DocumentStore
internal import JSON
internal import StepEngine

/// A run of one of the workflows that come with Holdfast, started by a command of its own.
struct BuiltInRun {
  static let noWait = Option<Bool>.flag("--no-wait", "Only start it; 'holdfast watch' shows how it goes")

  let workflow: String
  let parameters: [String: JSONValue]

  /// Starts the run, and shows it to its end unless that is not wanted.
  func start(_ arguments: ParsedArguments) async throws {
    let plan = try await arguments.reportingMistakes(in: []) {
      try await arguments.withDocuments { try await $0.plan(workflow: workflow, parameters) }
    }
    let run = try await EngineClient(pool: arguments.pool()).submit(plan)
    let waits = !arguments[Self.noWait]
    arguments.report(
      "run \(run) of \(workflow) submitted" + (waits ? "" : "; '\(Advice(run: run.value).watch)' shows how it goes"),
      name: "\(run)", ["run": .int(run.value), "workflow": .string(workflow)])
    if waits { try await WatchCommand.follow(run.value, RunReader(pool: arguments.pool()), arguments) }
  }
}
