import Backup
import Cryptography
import FailPoints
import JSON
import ObjectStores
import ResticFormat
import ResticRepository
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `export`: brings the clone of a volume, or the volume itself, into the profile's repository.
///
/// Another attempt goes on where the last one ended, and finds the snapshot if that got so far. Parts that `export-part` stored
/// are joined.
struct ExportStep: ProtectionStepKind {
  static let signature = StepSignature(
    "export", "Brings a volume into the profile's repository",
    inputs: exportInputs + [
      .optional(
        "unreadable", .choice(["fail", "accept"]), default: "fail",
        "what becomes of an export from which files are missing because they could not be read")
    ],
    outputs: [
      OutputField("volume", .string, "the volume's name"),
      OutputField("export", .string, "the id of the snapshot in the repository"),
      OutputField("kind", .string, "folder, image or device"),
      OutputField("at", .string, "the time that it is of: of the volume's snapshot, or when the reading began"),
      OutputField("bytes", .integer, "bytes of the volume's files"),
      OutputField("addedBytes", .integer, "bytes by which the repository grew"),
      OutputField("readBytes", .integer, "bytes that were read"),
      OutputField("files", .integer, "files of the volume"),
      OutputField("problems", .integer, "what could not be read"),
      OutputField("seconds", .number, "how long it took"),
    ], resources: [ResourceKind.export], limits: [NamedLimit.exports])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let source = try exportSource(arguments, step)
    let profileName = try arguments.requiredString("profile")
    let moment = try arguments.string("at")
    let acceptsLoss = try arguments.choice("unreadable", ["fail", "accept"]) == "accept"
    let profile = try await services.profile(profileName, log: step.log)
    return try await StepOutcome.usingRepository(of: profile) {
      let export = try await services.exporting(source.volume, of: moment, to: profileName, step) { entry in
        // A restore point may have one of the run's first time, whose snapshot was another.
        let isOld = entry.isStale || entry.isKept && entry.detail?["at"]?.string != moment
        return try await services.sessions.use(profile) { repository, lock in
          if isOld {
            try await services.removeExports(tagged: source.tags, from: repository, lock)
          } else if entry.isKnown,
            // Once is looked for what an earlier attempt stored: its report may have been lost.
            let stored = try await repository.newest(tagged: source.tags)
          {
            step.log("an earlier attempt stored snapshot \(stored.id.hex)")
            return Export(stored, source.kind)
          }
          return try await backUp(source, to: repository, lock, acceptsLoss: acceptsLoss, step)
        }
      }
      return .succeeded(outputs: export.outputs(of: source.volume))
    }
  }

  private func backUp(
    _ source: ExportSource, to repository: Repository, _ lock: RepositoryLock, acceptsLoss: Bool, _ step: StepContext
  ) async throws -> Export {
    let start = ContinuousClock.now
    var request = try source.request()
    request.refusesLoss = !acceptsLoss
    let progress = BackupProgress()
    do {
      let result = try await reporting(progress.transfers, to: step) { [request] in
        try await Backup.backUp(
          request, to: repository, lock: lock, cache: services.cache, progress: progress, notice: step.log)
      }
      log(result.problems, step)
      return Export(result, source.kind, elapsed: .now - start)
    } catch let refusal as IncompleteBackup {
      log(refusal.problems, step)
      throw StepFailure(.retryable, "\(source.volume.title): \(refusal)")
    }
  }

  private func log(_ problems: [BackupProblem], _ step: StepContext) {
    for problem in problems.prefix(20) { step.log(problem.message) }
  }
}
