import Backup
import Concurrency
import Cryptography
import FailPoints
import Glibc
import JSON
import ObjectStores
import ResticFormat
import ResticRepository
import StepEngine
import StepKinds
import VolumeDrivers
import WorkflowDSL

/// `export-stream`: brings what a program writes to its standard output into the profile's repository, without a copy on the disk.
///
/// The program succeeds or there is no snapshot: a dump that broke off must not be taken for a whole one.
struct ExportStreamStep: ProtectionStepKind {
  static let signature = StepSignature(
    "export-stream", "Brings what a program writes into the profile's repository",
    inputs: [Volume.input, .required("profile", .text, "the profile whose repository it goes to")]
      + StreamProgram.inputs,
    outputs: ExportStep.signature.outputs([:]), resources: [ResourceKind.export])

  let name = signature.kind
  let services: ProtectionServices

  func run(_ step: StepContext) async throws -> StepOutcome {
    let arguments = try StepArguments(step.with, of: Self.signature)
    let volume = try Volume(arguments)
    let program = try await StreamProgram(arguments, step)
    let profileName = try arguments.requiredString("profile")
    let profile = try await services.profile(profileName, log: step.log)
    let tags = volume.exportTags(step.id.run)
    return try await StepOutcome.usingRepository(of: profile) {
      let export = try await services.exporting(volume, to: profileName, step) { _ in
        try await services.sessions.use(profile) { repository, lock in
          try await stream(program, volume, tags, repository, lock, step)
        }
      }
      // A dump can't be gone on with, so what an earlier attempt left is of no use. It goes once the new one is noted, which an
      // attempt that was taken for dead can't do; but for what a restore point has: the run may yet fail.
      try await services.sessions.use(profile) { repository, lock in
        try await services.removeExports(tagged: tags, but: export.id, from: repository, lock)
      }
      return .succeeded(outputs: export.outputs(of: volume))
    }
  }

  private func stream(
    _ program: StreamProgram, _ volume: Volume, _ tags: [String], _ repository: Repository, _ lock: RepositoryLock,
    _ step: StepContext
  ) async throws -> Export {
    let start = ContinuousClock.now
    let pipe = try StreamProgram.pipe()
    let path = "/" + ExportSource.path(of: volume.source, isImage: true).joined(separator: "/")
    var request = BackupRequest(source: .stream(descriptor: pipe.reading.number, name: path))
    request.host = volume.source.application
    request.tags = tags
    let progress = BackupProgress()
    let result = try await reporting(progress.transfers, to: step) { [request] in
      try await pipe.transfer { output in
        try await program.run(writingTo: output)
      } to: { _ in
        try await backUp(
          request, to: repository, lock: lock, cache: services.cache, progress: progress, notice: step.log)
      }
    }
    return Export(result, .image, elapsed: .now - start)
  }
}
