public import StepEngine
public import WorkflowDSL

/// The step kinds that every worker has, but for `workflow`, which needs a connection.
public let builtInStepKinds: [any StepKind] = untemplated.map { TemplatedStep(kind: $0) }

private let untemplated: [any StepKind] = [
  ExecStep(), HTTPStep(), SleepStep(), ApprovalStep(), NoopStep(), FailStep(), EvaluateStep(),
]

/// What workflow files may name, with inputs and outputs. Runs of other workflows are `workflow/NAME` there.
public let builtInSignatures: [StepSignature] = [
  ExecStep.signature, HTTPStep.signature, SleepStep.signature, ApprovalStep.signature, NoopStep.signature,
  FailStep.signature,
]

/// The same as checkers take it.
public let builtInCatalog = StepKindCatalog(builtInSignatures)

/// The names of all kinds that a worker of this program offers.
public let builtInKindNames = builtInStepKinds.map(\.name) + [WorkflowStep.kindName]

extension WorkflowStep {
  /// With its arguments evaluated, as those of the others are.
  public static func templated(client: EngineClient) -> any StepKind {
    TemplatedStep(kind: WorkflowStep(client: client))
  }
}
