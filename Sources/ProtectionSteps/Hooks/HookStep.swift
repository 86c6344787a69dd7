import Concurrency
import FailPoints
import Glibc
import JSON
import StepEngine
import StepKinds
import WorkflowDSL

/// `hook`: runs an application's hooks of one phase on this node, one after the other.
///
/// Each is a program, as for `exec`, with PATH, HOME, LANG, TZ and TMPDIR of the worker, its `environment` and `secrets`, and
/// HOLDFAST_APPLICATION, HOLDFAST_PHASE, HOLDFAST_RUN, HOLDFAST_STEP, HOLDFAST_ATTEMPT, and where they are known
/// HOLDFAST_POINT, HOLDFAST_TARGET and HOLDFAST_VOLUME. What earlier hooks left is in HOLDFAST_ARTIFACT_NAME.
///
/// It leaves artifacts by lines `KEY=VALUE` in the file that HOLDFAST_ARTIFACTS names, or by printing lines
/// `holdfast-artifact KEY VALUE`. Its process group is ended on cancel and at its timeout. It may run again for the same step, and
/// after a crash of the worker the earlier one may still be running: it has to cope with both.
struct HookStep: StepKind {
  static let signature = StepSignature(
    "hook", "Runs an application's hooks of one phase",
    inputs: [
      .required("phase", .choice(HookPhase.allCases.map(\.rawValue)), "which phase it is"),
      .required("application", .text, "the application"),
      .required("hooks", .list(of: .anything), "the hooks, as an application's document has them"),
      .optional("variables", .map(keys: .any, values: .text), "variables for all of them"),
      .optional("artifacts", .map(keys: .any, values: .anything), "what earlier hooks left"),
      .optional("point", .text, "the restore point that it is about"),
      .optional("target", .text, "where data are restored to"),
      .optional("volume", .text, "the volume that it is about"),
      .optional(
        "drill", .boolean, default: false,
        "for a restore drill: a hook that finds fault (its exit code is not 0) is put out as 'finding', and fails nothing"
      ),
    ],
    outputs: [
      OutputField("artifacts", .map, "what the hooks left, by name"),
      OutputField("results", .list, "what became of each: name, exitCode, seconds, continued"),
      OutputField("succeeded", .boolean, "whether none failed, not even one that may"),
      OutputField("finding", .string, "of a drill: what the first hook said that found fault; empty if none did"),
    ])

  let name = signature.kind

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    guard let list = arguments.value("hooks")?.array else {
      throw arguments.failure("hooks", mustBe: "a list of hooks")
    }
    var hooks: [Hook] = []
    // All of them first: a mistake in the last must not show after the first has stopped the application.
    for (number, json) in list.enumerated() { hooks.append(try Hook(json, number: number)) }
    var run = HookRun(
      step: step, variables: try variables(arguments), isDrill: arguments.value("drill")?.bool ?? false,
      known: try Artifacts(arguments.value("artifacts")))
    if run.isDrill, !hooks.isEmpty, let target = run.variables["HOLDFAST_TARGET"], access(target, F_OK) != 0 {
      // A volume without a node may have come back on any, and a retry comes after its copy was removed.
      throw StepFailure(
        .permanent, "\(target) is not on this node, so nobody could look at it; give the volume a node in its document")
    }
    for hook in hooks where run.finding == nil { try await run.perform(hook) }
    return .succeeded(outputs: [
      "artifacts": run.left.json, "results": .array(run.results), "succeeded": .bool(run.allSucceeded),
      "finding": .string(run.finding ?? ""),
    ])
  }

  private func variables(_ arguments: StepArguments) throws(StepFailure) -> [String: String] {
    var variables = try arguments.texts("variables") ?? [:]
    variables["HOLDFAST_APPLICATION"] = try arguments.requiredString("application")
    variables["HOLDFAST_PHASE"] = try arguments.choice("phase", HookPhase.allCases.map(\.rawValue))
    for key in ["point", "target", "volume"] {
      if let value = try arguments.string(key), !value.isEmpty { variables["HOLDFAST_\(key.uppercased())"] = value }
    }
    return variables
  }
}

/// The hooks of one step, as far as they have run.
private struct HookRun {
  let step: StepContext
  let variables: [String: String]
  /// Whether a hook that finds fault is a result, and no failure.
  let isDrill: Bool
  /// Artifacts of before, and of the hooks so far.
  var known: Artifacts
  /// Artifacts of the hooks so far.
  var left = Artifacts()
  var results: [JSONValue] = []
  var allSucceeded = true
  /// What a drill's hook said that found fault.
  var finding: String?

  /// Runs one; throws its failure, unless it may fail.
  mutating func perform(_ hook: Hook) async throws {
    try Task.checkCancellation()
    let file = try await ArtifactFile.make(for: step)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await perform(hook, file)) } catch { outcome = .failure(error) }
    // Whatever happened, also a cancellation.
    await file.remove()
    try outcome.get()
  }

  private mutating func perform(_ hook: Hook, _ file: ArtifactFile) async throws {
    var variables = variables.merging(known.environment) { $1 }
    variables["HOLDFAST_ARTIFACTS"] = file.path
    let program = try await hook.program(step, variables: variables)
    let printed = PrintedArtifacts()
    let outcome: ChildProcess.Outcome
    failPoint("hook.begun")
    do {
      outcome = try await program.child.run { [log = step.log] stream, line in
        if stream == .output { printed.take(line) }
        log(program.secrets.hidden(inLine: storable(line)))
      }
    } catch {
      return try note(
        hook, nil, .zero, StepFailure(error.isRetryable ? .retryable : .permanent, "\(hook.title): \(error)"))
    }
    failPoint("hook.done")
    var failure = try hook.failure(outcome, program)
    do { try collect(printed, try await file.text(), program.secrets) } catch let error as ArtifactError {
      failure =
        failure ?? StepFailure(.permanent, "\(hook.title): " + program.secrets.hidden(in: error.reason).prefix(500))
    } catch let error as StepFailure {
      failure = failure ?? StepFailure(error.kind, "\(hook.title): \(error.message)")
    }
    try note(hook, exitCode(outcome.ending), outcome.duration, failure)
  }

  /// Also of one that failed: what it made is to be deleted some day.
  private mutating func collect(_ printed: PrintedArtifacts, _ text: String, _ secrets: SecretTexts) throws {
    var all = try printed.all()
    try all.add(lines: storable(text))
    for (key, value) in all.values {
      let value = secrets.hidden(inLine: storable(value))
      try left.add(key, value)
      try known.add(key, value)
    }
  }

  private mutating func note(_ hook: Hook, _ exitCode: Int?, _ duration: Duration, _ failure: StepFailure?) throws {
    if let failure {
      if hook.mayFail {
        step.log("\(failure.message); it may fail, so the step goes on")
      } else if isDrill, let exitCode, Self.findsFault(exitCode) {
        step.log(failure.message)
        finding = (variables["HOLDFAST_VOLUME"].map { "volume \($0): " } ?? "") + failure.message
      } else {
        throw failure
      }
      allSucceeded = false
    }
    results.append([
      "name": .string(hook.name), "exitCode": exitCode.map { .int(Int64($0)) } ?? .null,
      "seconds": .double((duration / .milliseconds(1)).rounded() / 1000),
      "continued": .bool(failure != nil && finding == nil),
    ])
  }

  /// Whether a program says by its exit code that it has looked, and did not like what it saw. 126 and 127 say that a
  /// shell could not run it, 129 to 192 that a signal ended it.
  private static func findsFault(_ exitCode: Int) -> Bool {
    exitCode != 0 && !(126...192).contains(exitCode)
  }

  /// As shells have it: 128 and the signal's number for what a signal ended.
  private func exitCode(_ ending: ChildProcess.Ending) -> Int? {
    switch ending {
    case .exited(let code): code
    case .signalled(let number): 128 + number
    case .stopped: nil
    }
  }
}
