import Foundation
import PostgresClient
import ResticRepository
import StepEngine
import TestSupport
import Testing

@testable import Freezing
@testable import ProtectionSteps

@Suite("What no step may freeze")
struct FreezeProtectionTests {
  @Test(
    "the data of the PostgreSQL that the engine is in, tablespaces and all, repositories in folders, and their indexes"
  )
  func paths() async throws {
    let postgres = try await PostgresInstance.shared
    let database = try await postgres.makeDatabase()
    let configuration = try PostgresConfiguration(postgres.url(database: database))
    let connection = try await PostgresConnection.open(configuration)
    _ = try await Migrator().migrate(connection)
    let profile =
      #"{"kind": "Profile", "metadata": {"name": "vault"}, "spec": {"location": {"directory": "/srv/vault"}}}"#
    _ = try await connection.query(
      "select version from holdfast.put_document('profile', 'vault', '{}', 'kind: Profile', $1)", [.jsonb(profile)])
    let services = ProtectionServices(
      pool: PostgresPool(configuration, size: 1), node: nil, cache: .folder("/srv/indexes"))
    let freeze = try #require(services.quiescing.compactMap { $0 as? FreezeStep }.first)
    let paths = try await freeze.protected()
    let folder = try await postgres.sql("show data_directory")
    #expect(paths.contains(ProtectedPath(folder, "PostgreSQL's data")))
    #expect(paths.contains(ProtectedPath(folder + "/pg_wal", "PostgreSQL's data")))
    #expect(paths.contains(ProtectedPath("/srv/vault", "a repository")))
    #expect(paths.contains { $0.path == "/srv/indexes" })
    let filesystem = try #require(MountedFilesystem(ofPath: folder))
    #expect(throws: FreezeError.self) { try Refusals(paths: paths).check(filesystem, at: folder) }
  }
}
