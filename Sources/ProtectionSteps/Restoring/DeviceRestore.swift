import BlobIndex
import Restore
import ResticFormat
import ResticRepository
import StepEngine

extension VolumeRestore {
  /// Writes the volume's image onto the block device `target`, and reports progress to the step.
  /// - Throws: `StepFailure` if the device is in use or of another size; `RestoreError`, `RepositoryError`.
  func runOnDevice(_ repository: Repository, cache: IndexCachePlace, step: StepContext) async throws -> Numbers {
    let snapshot = try await repository.export(export, of: volume)
    let index = try await repository.loadIndex(cache: cache, notice: step.log)
    let progress = RestoreProgress()
    let path = ExportSource.path(of: volume.source, isImage: true).map { Array($0.utf8) }
    try await reporting(progress.transfers, to: step) {
      try await repository.restore(
        snapshot.snapshot.tree, path: path, index: index, toDevice: target, verifies: verifies, progress: progress)
    }
    let state = progress.state
    return Numbers(files: state.files, bytes: state.bytes, verifiedBytes: state.verifiedBytes)
  }
}
