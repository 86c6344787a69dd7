internal import CommandSyntax
internal import DocumentStore
internal import StepEngine
internal import WorkflowDSL

/// `holdfast policy`
enum PolicyCommand {
  static let name = Operand<String>.required(.text("POLICY", completion: .policies), "The policy")

  static let command = Command(
    name: "policy",
    summary: "Run a policy now, see how it fares, and what it keeps",
    subcommands: [
      Command(
        name: "run",
        summary: "Run a policy now, besides its schedule",
        options: [SubmitCommand.wait.description], operands: [name.description],
        examples: [Example(purpose: "Before an upgrade", line: "holdfast policy run nightly --wait")],
        run: run),
      PolicyStatusCommand.command,
      PolicyRetentionCommand.command,
    ])

  static func run(_ arguments: ParsedArguments) async throws {
    let name = arguments[name]
    let plan = try await arguments.reportingMistakes(in: []) {
      try await arguments.withDocuments { try await $0.plan(policy: name) }
    }
    let run = try await EngineClient(pool: arguments.pool()).submit(plan)
    try await SubmitCommand.report(run, plan, arguments)
  }
}
