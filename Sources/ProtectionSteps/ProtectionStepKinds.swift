import Freezing
import ResticRepository
package import StepEngine
import StepKinds
package import WorkflowDSL

extension ProtectionServices {
  /// All step kinds that protect volumes, with their arguments evaluated as those of the others are.
  package var stepKinds: [any StepKind] {
    let kinds: [any StepKind] =
      [
        HoldApplicationStep(services: self), FreeApplicationStep(services: self),
        DiscoverVolumesStep(services: self), SnapshotStep(services: self), WaitReadyStep(), CloneStep(services: self),
        ExportPartStep(services: self), ExportStep(services: self), ReleaseStep(services: self),
        RestorePointStep(services: self), RetireStep(services: self), RetireSnapshotsStep(services: self),
        RetireExportsStep(services: self), ChoosePointStep(services: self), RestoreVolumeStep(services: self),
        RemoveScratchStep(services: self), RecordVerificationStep(services: self), PruneRepositoryStep(services: self),
        CheckRepositoryStep(services: self), CatalogImportStep(services: self), DumpPlaceStep(services: self),
        ExportStreamStep(services: self), RestoreStreamStep(services: self),
        ExpiredPointsStep(services: self),
      ] + quiescing
    return kinds.map { TemplatedStep(kind: $0) }
  }

  /// Those that bring applications to rest. What the worker itself writes to is never frozen.
  var quiescing: [any StepKind] {
    let own = cache.folder.map { [ProtectedPath($0, "the indexes that Holdfast keeps of repositories")] } ?? []
    return hookStepKinds(client: client, node: node, protected: own)
  }

  /// What releases objects that runs left behind.
  package var releasers: [any ResourceReleaser] {
    [
      VolumeReleaser(kind: ResourceKind.clone), VolumeReleaser(kind: ResourceKind.snapshot), ScratchReleaser(),
      ExportReleaser(self), DescriptionReleaser(self),
    ]
  }

  /// What else a worker's janitor does.
  package var chores: [any JanitorChore] {
    [StaleFreezes(), SnapshotLook(services: self), AbandonedLocks(services: self)]
  }
}

/// What workflow files may name of these kinds, with inputs and outputs.
package let protectionSignatures: [StepSignature] =
  [
    HoldApplicationStep.signature, FreeApplicationStep.signature,
    DiscoverVolumesStep.signature, SnapshotStep.signature, WaitReadyStep.signature, CloneStep.signature,
    ExportPartStep.signature, ExportStep.signature, ReleaseStep.signature, RestorePointStep.signature,
    RetireStep.signature, RetireSnapshotsStep.signature, RetireExportsStep.signature, ChoosePointStep.signature,
    RestoreVolumeStep.signature, RemoveScratchStep.signature, RecordVerificationStep.signature,
    PruneRepositoryStep.signature, CheckRepositoryStep.signature, CatalogImportStep.signature, DumpPlaceStep.signature,
    ExportStreamStep.signature, RestoreStreamStep.signature, ExpiredPointsStep.signature,
  ] + hookSignatures
