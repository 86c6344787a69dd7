import Foundation
import ObjectStores
import ResticRepository
import Synchronization
import TestSupport
import Testing

/// A repository in a folder of its own, and the real restic to judge it.
struct ResticFixture {
  static let password = "correct horse"
  let folder: URL

  /// A new folder; the repository in it is not made yet.
  init() throws { folder = try scratchDirectory("restic") }

  var path: String { folder.appendingPathComponent("repository").path }
  var store: DirectoryStore { DirectoryStore(path) }

  /// What restic says; an exit code but `expecting` is a failure of the test.
  @discardableResult
  func restic(_ arguments: [String], expecting: Int32 = 0, input: String = "") async throws -> String {
    let result = try await runProgram(
      "restic", arguments,
      environment: [
        "PATH": "/usr/bin:/bin:/usr/local/bin", "RESTIC_REPOSITORY": path, "RESTIC_PASSWORD": Self.password,
        "RESTIC_CACHE_DIR": folder.appendingPathComponent("restic-cache").path, "HOME": folder.path,
      ], input: input)
    #expect(result.exitCode == expecting, "restic \(arguments): \(result.output)\(result.errors)")
    return result.output + result.errors
  }

  /// The repository, opened by us.
  func open() async throws -> Repository {
    try await Repository.open(store, password: Password(Array(Self.password.utf8)))
  }

  /// A new repository.
  static func initialized() async throws -> (ResticFixture, Repository) {
    let fixture = try ResticFixture()
    return (fixture, try await Repository.initialize(fixture.store, password: Password(Array(password.utf8))))
  }
}

/// A number that many tasks change.
final class Counter: Sendable {
  private let value = Atomic(0)

  /// Adds to it and returns the sum.
  @discardableResult
  func add(_ number: Int) -> Int { value.add(number, ordering: .relaxed).newValue }
}
