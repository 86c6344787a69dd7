import BlobIndex
import Cryptography
import FailPoints
import FileSystem
import Glibc
import JSON
import ObjectStores
import ResticFormat
import ResticRepository
import Restore
import StepEngine
import VolumeDrivers

/// Brings a volume back from an export.
struct VolumeRestore: Sendable {
  let volume: Volume
  /// The snapshot in the repository.
  let export: FileID
  /// The folder that the volume's content comes into; for an image the folder of the file.
  let target: String
  /// Only these paths of the volume, as patterns; empty for all.
  var paths: [String] = []
  /// The one file in the target that comes back, whatever the export holds; nil for all.
  var file: String?
  /// Whether the target is the volume from then on: a database refuses a folder that is another's, or that others may read.
  var becomesVolume = false
  /// Whether what the target holds beyond the export goes.
  var deletes = false
  /// Read everything back and compare it.
  var verifies = false

  struct Numbers: Sendable {
    var files = 0
    var bytes = 0
    var verifiedBytes = 0
    /// Of a drill: what shows that the export is bad.
    var finding: String?
  }

  /// Restores for a drill: what shows that the export is bad is a result, and not thrown.
  ///
  /// It has to show twice, since the network or the memory may spoil something once.
  func drill(_ repository: Repository, cache: IndexCachePlace, step: StepContext) async throws -> Numbers {
    do {
      return try await run(repository, cache: cache, step: step)
    } catch {
      guard let damage = ExportDamage(error, of: volume.title) else { throw error }
      step.log("\(damage.message); it is read once more, to be sure")
    }
    do {
      return try await run(repository, cache: cache, step: step)
    } catch {
      guard let damage = ExportDamage(error, of: volume.title) else { throw error }
      return Numbers(finding: damage.message)
    }
  }

  /// Restores, and reports progress to the step.
  /// - Throws: `ExportDamage` if the export is bad, `StepFailure` if something could not be written.
  func run(_ repository: Repository, cache: IndexCachePlace, step: StepContext) async throws -> Numbers {
    let snapshot = try await repository.export(export, of: volume)
    let index = try await repository.loadIndex(cache: cache, notice: step.log)
    var request = RestoreRequest(tree: snapshot.snapshot.tree, target: target)
    request.subpath = [Array(volume.source.name.utf8)]
    request.restoresTop = becomesVolume
    request.deletes = deletes
    request.verifies = verifies
    request.sparse = true
    let wanted = file.map { [PathPatterns.text(ofName: $0)] } ?? paths
    for path in wanted {
      do { try request.includes.add(path) } catch { throw StepFailure(.permanent, "\(error)") }
    }
    if deletes {
      // What the export left out is in no backup, nor is what backups leave out now.
      request.excludes = try ExportSource.patterns(snapshot.snapshot.excludes, of: volume)
      request.furtherExcludes = try ExportSource.patterns(volume.presentExcludes, of: volume)
      request.excludeRoot = request.subpath
    }
    let progress = RestoreProgress()
    let result = try await reporting(progress.transfers, to: step) { [request] in
      try await repository.restore(request, index: index, progress: progress)
    }
    for problem in result.problems.prefix(20) { step.log(problem.message) }
    if let damage = result.problems.first(where: \.showsDamage) {
      throw ExportDamage(
        "\(volume.title): its export \(export.shortHex) does not come back as it was: \(damage.message)")
    }
    if result.isIncomplete {
      let first = result.problems.first { $0.isLoss }?.message ?? "see the log"
      throw StepFailure(.retryable, "\(volume.title): not everything could be restored to \(target): \(first)")
    }
    let found = result.progress.files + result.progress.folders + result.progress.others
    guard wanted.isEmpty || found > 0 else {
      // A misspelt path must not look like an empty one.
      throw StepFailure(
        .permanent,
        "\(volume.title): its export \(export.shortHex) has nothing that fits \(wanted.map { "'\($0)'" }.joined(separator: ", ")), so nothing was restored; 'holdfast browse' lists what there is"
      )
    }
    for path in result.unfittedIncludes {
      step.log("\(volume.title): its export \(export.shortHex) has nothing that fits '\(path)'")
    }
    return Numbers(
      files: result.progress.files, bytes: result.progress.bytes, verifiedBytes: result.progress.verifiedBytes)
  }
}

extension Repository {
  /// The snapshot that is a volume's export.
  /// - Throws: `ExportDamage` if it is gone: nothing that could be tried again brings it back.
  func export(_ id: FileID, of volume: Volume) async throws -> StoredSnapshot {
    do {
      return try await snapshot(id)
    } catch {
      guard error.kind == .notFound else { throw error }
      throw ExportDamage(
        canHeal: false,
        "\(volume.title): its export \(id.shortHex) is not in the repository at \(store.location) any more; 'holdfast points \(volume.source.application)' lists other restore points"
      )
    }
  }
}
