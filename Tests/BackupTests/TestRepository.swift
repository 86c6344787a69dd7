import Backup
import BlobIndex
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport

/// A new repository in a folder, and the real restic to judge it.
struct TestRepository {
  static let password = "correct horse"

  let folder: URL
  let repository: Repository

  init() async throws {
    folder = try scratchDirectory("repository")
    repository = try await Repository.initialize(
      DirectoryStore(folder.path), password: Password(Array(Self.password.utf8)))
  }

  /// Backs up under a lock.
  @discardableResult
  func backUp(_ request: BackupRequest, progress: BackupProgress = BackupProgress()) async throws -> BackupResult {
    try await repository.withLock(exclusive: false) { lock in
      try await Backup.backUp(request, to: repository, lock: lock, cache: .none, progress: progress)
    }
  }

  /// What restic says, with this repository.
  @discardableResult
  func restic(_ arguments: String..., program: String = "restic", input: String = "") async throws -> ProgramResult {
    var environment = ProcessInfo.processInfo.environment
    environment["RESTIC_REPOSITORY"] = folder.path
    environment["RESTIC_PASSWORD"] = Self.password
    environment["TZ"] = "UTC"
    let result = try await runProgram(program, ["--no-cache"] + arguments, environment: environment, input: input)
    guard result.exitCode == 0 else {
      throw TestSupportError("restic \(arguments.joined(separator: " ")): \(result.output)\(result.errors)")
    }
    return result
  }

  /// Fails if restic finds anything wrong with what is stored.
  func judge(_ program: String = "restic") async throws {
    let result = try await restic("check", "--read-data", program: program)
    guard result.output.contains("no errors were found") else { throw TestSupportError(result.output) }
  }
}

/// Runs a shell script that has to succeed, and returns its output.
@discardableResult
func shell(_ script: String, in folder: URL, environment: [String: String] = [:]) async throws -> String {
  let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let result = try await runProgram("/bin/bash", ["-euc", script], environment: all, directory: folder)
  guard result.exitCode == 0 else { throw TestSupportError("\(script): \(result.output)\(result.errors)") }
  return result.output
}
