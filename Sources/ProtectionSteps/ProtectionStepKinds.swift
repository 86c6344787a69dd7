import Freezing
import ResticRepository
package import StepEngine
import StepKinds
package import WorkflowDSL

/// The kinds that have what the steps share.
private let serviced: [any ProtectionStepKind.Type] = [
  HoldApplicationStep.self, FreeApplicationStep.self, DiscoverVolumesStep.self, SnapshotStep.self, CloneStep.self,
  ExportPartStep.self, ExportStep.self, ReleaseStep.self, RestorePointStep.self, RetireStep.self,
  RetireSnapshotsStep.self, RetireExportsStep.self, ChoosePointStep.self, RestoreVolumeStep.self,
  RemoveScratchStep.self, RecordVerificationStep.self, PruneRepositoryStep.self, CheckRepositoryStep.self,
  CatalogImportStep.self, DumpPlaceStep.self, ExportStreamStep.self, RestoreStreamStep.self, ExpiredPointsStep.self,
]

extension ProtectionServices {
  /// All step kinds that protect volumes, with their arguments evaluated as those of the others are.
  package var stepKinds: [any StepKind] {
    var kinds: [any StepKind] = [WaitReadyStep()]
    for kind in serviced { kinds.append(kind.init(services: declaring(kind.signature))) }
    return (kinds + quiescing).map { TemplatedStep(kind: $0) }
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

/// What workflow files may name of these kinds, with all that they declare.
package let protectionSignatures: [StepSignature] =
  serviced.map { $0.signature } + [WaitReadyStep.signature] + hookSignatures
