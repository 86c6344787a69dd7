import Foundation
import PostgresClient
import StepEngine
import TestSupport
import Testing

@testable import Freezing
@testable import ProtectionSteps

@Suite("What no step may freeze")
struct FreezeProtectionTests {
  @Test("the data of the PostgreSQL that the engine is in, tablespaces and all, and repositories in folders")
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
    let paths = try await EngineClient(pool: PostgresPool(configuration, size: 1)).unfreezablePaths()
    let folder = try await postgres.sql("show data_directory")
    #expect(paths.contains(ProtectedPath(folder, "PostgreSQL's data")))
    #expect(paths.contains(ProtectedPath(folder + "/pg_wal", "PostgreSQL's data")))
    #expect(paths.contains(ProtectedPath("/srv/vault", "a repository")))
    let filesystem = try #require(MountedFilesystem(ofPath: folder))
    #expect(throws: FreezeError.self) { try Refusals(paths: paths).check(filesystem, at: folder) }
  }
}
