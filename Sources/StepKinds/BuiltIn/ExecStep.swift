import Concurrency
import Glibc
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
    let order = try ExecOrder(step, arguments, try await SecretTexts.reading(arguments, "secrets"))
    let outcome: ChildProcess.Outcome
    do {
      outcome = try await order.child.run { _, line in step.log(order.secrets.hidden(in: storable(line))) }
    } catch {
      throw StepFailure(error.isRetryable ? .retryable : .permanent, "\(name): \(error)")
    }
    switch outcome.ending {
    case .stopped(.cancelled): throw CancellationError()
    case .stopped(.timeLimit):
      throw failure(.retryable, order, "did not end within \(order.timeoutText) and was stopped", outcome)
    case .signalled(let number): throw failure(.retryable, order, "was ended by signal \(number)", outcome)
    case .exited(let code) where order.okExitCodes.contains(code):
      return .succeeded(outputs: try outputs(order, outcome, code))
    case .exited(let code):
      // 126 and 127 are how shells say that there is no such program, or that it cannot be run.
      let isPermanent = order.permanentExitCodes.contains(code) || code == 126 || code == 127
      throw failure(isPermanent ? .permanent : .retryable, order, "ended with exit code \(code)", outcome)
    }
  }

  private func failure(
    _ kind: StepFailure.Class, _ order: ExecOrder, _ what: String, _ outcome: ChildProcess.Outcome
  ) -> StepFailure {
    let lastLine = outcome.error.text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    let reason = lastLine.map { ": " + order.secrets.hidden(in: storable(String($0.prefix(500)))) } ?? ""
    return StepFailure(kind, "\(name): '\(order.child.program)' \(what)\(reason)")
  }

  private func outputs(_ order: ExecOrder, _ outcome: ChildProcess.Outcome, _ code: Int) throws -> JSONValue {
    guard order.parsesJSON else {
      return order.secrets.hidden(in: [
        "exitCode": .int(Int64(code)), "stdout": .string(storable(outcome.output.text)),
        "stderr": .string(storable(outcome.error.text)),
      ])
    }
    let program = "\(name): the standard output of '\(order.child.program)'"
    guard outcome.output.droppedBytes == 0 else {
      throw StepFailure(.permanent, "\(program) is larger than outputLimitBytes (\(order.child.outputLimit)): raise it")
    }
    guard let value = try? JSONValue(parsing: outcome.output.text), value.object != nil else {
      throw StepFailure(.permanent, "\(program) is no JSON object, which 'parse: json' asks for")
    }
    return order.secrets.hidden(in: storable(value))
  }
}

/// The arguments of an `exec` step.
private struct ExecOrder {
  var child: ChildProcess
  let okExitCodes: [Int]
  let permanentExitCodes: [Int]
  let parsesJSON: Bool
  let secrets: SecretTexts

  init(_ step: StepContext, _ arguments: StepArguments, _ secrets: SecretTexts) throws(StepFailure) {
    self.secrets = secrets
    let command = try Self.command(arguments)
    child = ChildProcess(
      command[0], Array(command[1...]),
      environment: Self.environment(step, try arguments.texts("environment") ?? [:]).merging(secrets.values) { $1 },
      directory: try arguments.string("directory"))
    child.timeLimit = try arguments.duration("timeout")
    child.outputLimit = try arguments.integer("outputLimitBytes", in: 0...(16 << 20)) ?? 64 << 10
    child.input = arguments.value("stdin").map { Array(($0.string ?? $0.text).utf8) } ?? []
    parsesJSON = try arguments.choice("parse", ["json"]) != nil
    okExitCodes = try arguments.integers("okExitCodes") ?? [0]
    permanentExitCodes = try arguments.integers("permanentExitCodes") ?? []
  }

  var timeoutText: String { child.timeLimit.map(secondsText) ?? "its time" }

  private static func command(_ arguments: StepArguments) throws(StepFailure) -> [String] {
    let expected = "a list of strings: a program and its arguments"
    guard let list = arguments.value("command")?.array else {
      throw arguments.failure("command", mustBe: expected + " (for a shell line: [\"sh\", \"-c\", \"…\"])")
    }
    // Numbers and truth values as their text: `[sleep, 5]` is what people write.
    let words = list.compactMap(scalarText)
    if let index = list.firstIndex(where: { scalarText($0) == nil }) {
      let advice =
        list[index].array == nil
        ? "" : "; a list gives words only as the whole of 'command', such as {{ concat LIST LIST }}"
      throw StepFailure(
        .permanent, "exec: 'with.command[\(index)]' must be a text; it is \(noun(list[index]))\(advice)")
    }
    guard !words.isEmpty else { throw arguments.failure("command", mustBe: expected) }
    return words
  }

  private static func environment(_ step: StepContext, _ given: [String: String]) -> [String: String] {
    var result: [String: String] = [:]
    for key in ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] {
      if let value = getenv(key) { result[key] = String(cString: value) }
    }
    result.merge(given) { _, given in given }
    result["HOLDFAST_RUN"] = step.id.run.description
    result["HOLDFAST_STEP"] = step.name
    result["HOLDFAST_ATTEMPT"] = String(step.attempt)
    return result
  }
}
