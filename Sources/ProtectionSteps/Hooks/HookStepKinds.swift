package import Freezing
package import StepEngine
package import WorkflowDSL

/// The step kinds that bring an application to rest and let it go on: `hook`, `freeze` and `thaw`.
/// - Parameters:
///   - client: tells which filesystems must not be frozen, and notes how long others were.
///   - node: the node that this worker runs on.
///   - protected: further ones: the worker's own folders.
package func hookStepKinds(
  client: EngineClient, node: String?, freezer: Freezer = Freezer(), protected: [ProtectedPath] = []
) -> [any StepKind] {
  [
    HookStep(), FreezeStep(freezer: freezer) { try await client.unfreezablePaths(protected) },
    ThawStep(freezer: freezer) { step, path, outcome in
      try await client.noteFreeze(
        of: path, on: node ?? "", frozenFor: outcome.frozenFor, endedBy: outcome.endedBy.rawValue, by: step.held)
    },
  ]
}

/// What workflow files may name of these kinds.
package let hookSignatures: [StepSignature] = [HookStep.signature, FreezeStep.signature, ThawStep.signature]
