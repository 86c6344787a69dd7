import Foundation
import JSON
import ObjectStores
import ResticRepository
import TestSupport

/// A repository in a scratch folder that both we and restic open.
struct RepositoryPlace: Sendable {
  static let password = "secret"

  let folder: URL
  /// `TZ` for restic.
  var zone = "UTC"

  init() throws { folder = try scratchDirectory("maintenance") }

  var path: String { folder.appendingPathComponent("repository").path }

  private var store: DirectoryStore { DirectoryStore(path) }

  func initialize() async throws -> Repository {
    try await Repository.initialize(store, password: Password(Array(Self.password.utf8)))
  }

  func open() async throws -> Repository {
    try await Repository.open(store, password: Password(Array(Self.password.utf8)))
  }

  func restic(_ program: String, _ arguments: [String]) async throws -> ProgramResult {
    var environment = ProcessInfo.processInfo.environment
    environment["RESTIC_REPOSITORY"] = path
    environment["RESTIC_PASSWORD"] = Self.password
    environment["RESTIC_CACHE_DIR"] = folder.appendingPathComponent("cache").path
    environment["TZ"] = zone
    return try await runProgram(program, arguments, environment: environment)
  }

  @discardableResult
  func resticOutput(_ program: String, _ arguments: [String]) async throws -> String {
    try await restic(program, arguments).orThrow("\(program) \(arguments.joined(separator: " "))").output
  }
}
