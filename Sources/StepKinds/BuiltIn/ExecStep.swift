import Concurrency
import JSON
import StepEngine
import WorkflowDSL

/// `exec`: runs a program on the worker's machine.
///
/// `with`: `command` (a list: the program and its arguments), `environment` (a map), `secrets` (a map of
/// references), `directory`, `stdin` (a string, or
/// a value that is sent as JSON), `timeout`, `outputLimitBytes` (of each stream, 64 KiB if not given), `parse:
/// json` (standard output is a JSON object and becomes the outputs), `okExitCodes` ([0]), `permanentExitCodes` ([]).
///
/// The program gets PATH, HOME, LANG, TZ and TMPDIR of the worker, `environment`, and HOLDFAST_RUN, HOLDFAST_STEP and
/// HOLDFAST_ATTEMPT. What it prints goes to the step's log line by line. Outputs: `exitCode`, `stdout`, `stderr`.
/// Its process group is ended on cancel and at the time limit. It may run again for the same step, and after a crash of
/// the worker the earlier one may still be running: it has to cope with both.
struct ExecStep: StepKind {
  static let signature = StepSignature(
    "exec", "Runs a program on the worker's machine",
    inputs: [
      .required("command", .list(of: .text), "the program and its arguments; for a shell line: [sh, -c, \"…\"]"),
      .optional("environment", .map(keys: .any, values: .text), "variables for the program"),
      .optional(
        "secrets", .map(keys: .any, values: .object(secretShape)), "variables with secret values, by reference"),
      .optional("directory", .text, "where it runs"),
      .optional("stdin", .anything, "what it reads; a value that is no text is sent as JSON"),
      .optional("timeout", .duration, "how long it may run"),
      .optional(
        "outputLimitBytes", .integer(0...(16 << 20)), default: .int(64 << 10), "how much of each stream is kept"),
      .optional("parse", .choice(["json"]), "what it prints is a JSON object, which becomes the outputs"),
      .optional("okExitCodes", .list(of: .integer(0...255)), default: [0], "exit codes that mean success"),
      .optional(
        "permanentExitCodes", .list(of: .integer(0...255)), default: [], "exit codes after which it is not tried again"),
    ],
    outputsOf: { with in
      if with["parse"] != nil { return [] }
      return [
        OutputField("exitCode", .integer, "the program's exit code"),
        OutputField("stdout", .string, "what it wrote to standard output"),
        OutputField("stderr", .string, "what it wrote to standard error"),
      ]
    })

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let order = try await ExecOrder(step, arguments)
    let outcome = try await order.program.run(name, step)
    let failure = try order.program.failure(
      of: outcome, name, okExitCodes: order.okExitCodes, permanentExitCodes: order.permanentExitCodes)
    if let failure { throw failure }
    guard case .exited(let code) = outcome.ending else { throw CancellationError() }
    return .succeeded(outputs: try outputs(order, outcome, code))
  }

  private func outputs(_ order: ExecOrder, _ outcome: ChildProcess.Outcome, _ code: Int) throws -> JSONValue {
    guard order.parsesJSON else {
      let secrets = order.program.secrets
      return [
        "exitCode": .int(Int64(code)), "stdout": .string(secrets.hidden(in: outcome.output)),
        "stderr": .string(secrets.hidden(in: outcome.error)),
      ]
    }
    let program = "\(name): the standard output of '\(order.program.child.program)'"
    guard outcome.output.droppedBytes == 0 else {
      throw StepFailure(
        .permanent, "\(program) is larger than outputLimitBytes (\(order.program.child.outputLimit)): raise it")
    }
    guard let value = try? JSONValue(parsing: outcome.output.text), value.object != nil else {
      throw StepFailure(.permanent, "\(program) is no JSON object, which 'parse: json' asks for")
    }
    return order.program.secrets.hidden(in: storable(value))
  }
}

/// The arguments of an `exec` step.
private struct ExecOrder {
  var program: ProgramOrder
  let okExitCodes: [Int]
  let permanentExitCodes: [Int]
  let parsesJSON: Bool

  init(_ step: StepContext, _ arguments: StepArguments) async throws {
    program = try await ProgramOrder(step, arguments)
    program.child.timeLimit = try arguments.duration("timeout")
    program.child.outputLimit = try arguments.integer("outputLimitBytes", in: 0...(16 << 20)) ?? 64 << 10
    parsesJSON = try arguments.choice("parse", ["json"]) != nil
    okExitCodes = try arguments.integers("okExitCodes") ?? [0]
    permanentExitCodes = try arguments.integers("permanentExitCodes") ?? []
  }
}
