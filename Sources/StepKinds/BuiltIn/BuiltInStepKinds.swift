public import StepEngine

/// The step kinds that every worker has.
public let builtInStepKinds: [any StepKind] = [
  ExecStep(), HTTPStep(), SleepStep(), ApprovalStep(), NoopStep(), FailStep(),
]
