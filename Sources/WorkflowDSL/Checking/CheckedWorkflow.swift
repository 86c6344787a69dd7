internal import YAML

/// A workflow without mistakes, with everything that a plan needs to know.
public struct CheckedWorkflow: Sendable {
  /// The workflow as it was written.
  public let workflow: Workflow
  /// Its steps, each after those that it needs.
  let steps: [CheckedStep]
  /// The steps that no other step needs.
  let sinks: [String]
  /// The steps of its hooks, as ordered as `steps`.
  let hooks: [(event: Hook.Event, steps: [CheckedStep])]
}

/// A step with what its expressions read.
struct CheckedStep: Sendable {
  let step: Step
  /// What its own expressions read.
  let uses: DataUse
  /// What the expression of its list reads, if it is a group.
  let listUses: DataUse
  /// Its steps, if it is a group, each after those that it needs.
  let inner: [CheckedStep]
  /// The `with` of the step that undoes it, if it names one.
  let undoStep: Step?
}

/// What of a run's data expressions read.
struct DataUse: Sendable, Equatable {
  /// Steps whose outputs they read: `discover`, `volumes.snapshot`.
  var steps: Set<String> = []
  var parameters: Set<String> = []
  var readsRun = false

  mutating func formUnion(_ other: DataUse) {
    steps.formUnion(other.steps)
    parameters.formUnion(other.parameters)
    readsRun = readsRun || other.readsRun
  }
}
