import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import Testing

@Suite("Prune of what is listed wrongly", .serialized)
struct PruneDamageTests {
  private let fixture: ResticFixture

  init() async throws { fixture = try await ResticFixture() }

  private var repository: Repository { fixture.repository }

  private func backup(_ options: String...) async throws -> StoredSnapshot {
    try await fixture.restic(["backup"] + options + [fixture.source.path])
    return try #require(try await repository.snapshots().last)
  }

  private func prune() async throws -> PruneResult {
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    return try await repository.prune(request)
  }

  private func removeFile(_ name: String) throws {
    try FileManager.default.removeItem(at: fixture.source.appendingPathComponent(name))
  }

  @Test("index files that others replace go before the packs that they list", arguments: [false, true])
  func superseded(listsUnused: Bool) async throws {
    try fixture.write("a", seed: 1, count: 300_000)
    let old = try await backup()
    let unused = try await fixture.listedPacks()
    try removeFile("a")
    try fixture.write("b", seed: 2, count: 300_000)
    _ = try await backup()
    let all = try await fixture.listedPacks()
    let used = all.filter { pack in !unused.contains { $0.id == pack.id } }
    for object in try fixture.objects("index") { try fixture.remove(object) }
    // As old versions of restic left it when they were interrupted.
    let replaced = try await repository.saveSealed(.index, IndexFile.encode(all))
    let text = String(decoding: IndexFile.encode(listsUnused ? all : used), as: UTF8.self)
    let json = "{\"supersedes\":[\"\(replaced.hex)\"]," + text.dropFirst()
    _ = try await repository.saveSealed(.index, Array(json.utf8))
    try await repository.remove(.snapshot, old.id)

    let result = try await prune()
    #expect(listsUnused ? result.packsRemoved == unused.count : result.orphans == unused.count)
    let objects = try fixture.objects()
    #expect(!objects.contains("index/\(replaced.hex)"))
    #expect(!objects.contains { object in unused.contains { object.hasSuffix($0.id.hex) } })
    // Who counted on the replaced file would not store this again.
    try fixture.write("a", seed: 1, count: 300_000)
    _ = try await backup()
    try await fixture.expectClean()
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
  }
}
