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
  private(set) var steps: Set<String> = []
  /// Which outputs, of steps of which not all are read.
  private(set) var fields: [String: Set<String>] = [:]
  var parameters: Set<String> = []
  var readsRun = false

  /// Notes that an expression reads an output of a step, or all that it puts out.
  mutating func read(_ step: String, output: String?) {
    formUnion(DataUse(steps: [step], fields: output.map { [step: [$0]] } ?? [:]))
  }

  mutating func formUnion(_ other: DataUse) {
    // What either reads whole is read whole.
    for step in steps.union(other.steps) {
      let isWhole =
        (steps.contains(step) && fields[step] == nil) || (other.steps.contains(step) && other.fields[step] == nil)
      fields[step] = isWhole ? nil : (fields[step] ?? []).union(other.fields[step] ?? [])
    }
    steps.formUnion(other.steps)
    parameters.formUnion(other.parameters)
    readsRun = readsRun || other.readsRun
  }
}
