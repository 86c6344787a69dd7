internal import JSON
public import StepEngine
internal import WorkflowDSL

/// `workflow`: runs another plan as a step of this one, and waits for its end without a slot.
///
/// `with`: `plan`, and for a plan with declared `parameters` the `params` of the run. The run that it starts belongs to this
/// step: a repeated attempt finds it, cancelling this run cancels it, and retrying this run retries it. Outputs: `{run, state}`.
/// Fails for good if that run fails; its own steps have their retries.
public struct WorkflowStep: StepKind {
  static let kindName = "workflow"
  static let signature = StepSignature(
    kindName, "Runs another workflow",
    inputs: [
      .required("plan", .map(keys: .any, values: .anything), "what is run"),
      .optional("parameters", .list(of: .anything), "what the plan may be told"),
      .optional("params", .map(keys: .any, values: .anything), "what it is told"),
    ],
    outputs: [OutputField("run", .integer, "the run that was started"), OutputField("state", .string, "how it ended")])

  /// `workflow`
  public let name = kindName
  private let client: EngineClient

  /// A kind that starts runs through `client`.
  public init(client: EngineClient) { self.client = client }

  /// Starts the run, or says how it ended.
  public func run(_ step: StepContext) async throws -> StepOutcome {
    let plan = try plan(StepArguments(step.with, of: Self.signature))
    let ended = step.signal?["run"]?.int.map { RunID($0) }
    if let ended, step.signal?["state"]?.string == "succeeded" {
      return try outcome(ended, state: "succeeded", failure: nil)
    }
    do {
      let run: RunID
      if let ended {
        run = ended
      } else {
        // The key finds the run that an earlier attempt started.
        run = try await client.submit(plan, key: "step/\(step.id)", parent: step.id)
      }
      guard let status = try await client.status(of: run) else {
        throw StepFailure(.permanent, "\(name): run \(run), which it had started, is not kept any more")
      }
      if status.isOver {
        if status.state == "succeeded" { return try outcome(run, state: status.state, failure: nil) }
        // What goes again is a run that had begun when this step's own run was retried: it may have been cancelled with
        // that, and have undone until now. Any other has failed, also before this step came to wait for it.
        guard try await client.retryChild(run) else {
          return try outcome(run, state: status.state, failure: status.failure)
        }
      }
      return .wait(StepWait(signal: "run/\(run)", reason: "waits for run \(run) of \(plan["workflow"]?.string ?? "?")"))
    } catch let error as StoreError {
      let isPlan = error.kind == .invalid || error.kind == .notFound
      throw StepFailure(isPlan ? .permanent : .retryable, "\(name): \(error.description)")
    }
  }

  /// The plan of the run, with its parameters checked.
  private func plan(_ arguments: StepArguments) throws(StepFailure) -> JSONValue {
    guard var plan = try arguments.object("plan") else {
      throw arguments.failure("plan", mustBe: "the plan of a run, a map")
    }
    let given = try arguments.object("params") ?? [:]
    guard let declared = arguments.value("parameters")?.array else {
      if !given.isEmpty { plan["params"] = .object(given) }
      return .object(plan)
    }
    do throws(ParameterError) {
      plan["params"] = .object(try declared.compactMap(Parameter.init(json:)).resolve(given))
    } catch {
      throw StepFailure(.permanent, "workflow '\(plan["workflow"]?.string ?? "?")': \(error.description)")
    }
    return .object(plan)
  }

  private func outcome(_ run: RunID, state: String, failure: String?) throws -> StepOutcome {
    guard state == "succeeded" else {
      throw StepFailure(.permanent, "\(name): run \(run) \(state)" + (failure.map { ": \($0)" } ?? ""))
    }
    return .succeeded(outputs: ["run": .int(run.value), "state": .string(state)])
  }
}
