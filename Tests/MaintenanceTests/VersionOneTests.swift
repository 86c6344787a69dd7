import Backup
import Cryptography
import Foundation
import Maintenance
import ObjectStores
import ResticFormat
import ResticRepository
import Restore
import TestSupport
import Testing

@Suite("Repositories of version 1, in which nothing may be compressed", .serialized)
struct VersionOneTests {
  private let place: RepositoryPlace

  init() throws { place = try RepositoryPlace() }

  private var source: URL { place.folder.appendingPathComponent("source") }

  /// Text that compresses, and folders that do.
  private func write(_ word: String) throws {
    for number in 0..<30 {
      let folder = source.appendingPathComponent("folder \(number % 5)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let text = String(repeating: "\(word) \(number) ", count: 20_000)
      try Data(text.utf8).write(to: folder.appendingPathComponent("file \(number)"))
    }
  }

  private func backUp(_ repository: Repository) async throws -> StoredSnapshot {
    let request = BackupRequest(source: .files([source.path]))
    return try await repository.withLock(exclusive: false) { lock in
      try await Backup.backUp(request, to: repository, lock: lock, cache: .none).snapshot
    }
  }

  private func prune(_ repository: Repository) async throws -> PruneResult {
    var request = PruneRequest()
    request.maxUnused = .bytes(0)
    return try await repository.prune(request)
  }

  private func expectClean(_ restic: String) async throws {
    #expect(try await place.resticOutput(restic, ["check", "--read-data"]).contains("no errors were found"))
  }

  /// What restic, and we, restore of a snapshot is what is in the source now.
  private func expectRestores(_ snapshot: StoredSnapshot, _ repository: Repository, _ restic: String) async throws {
    let theirs = place.folder.appendingPathComponent("theirs \(snapshot.id.shortHex)").path
    let ours = place.folder.appendingPathComponent("ours \(snapshot.id.shortHex)").path
    try await place.resticOutput(restic, ["restore", snapshot.id.hex, "--target", theirs])
    let index = try await repository.loadIndex(cache: .none)
    let result = try await repository.restore(RestoreRequest(tree: snapshot.snapshot.tree, target: ours), index: index)
    #expect(!result.isIncomplete, "\(result.problems)")
    for target in [theirs, ours] {
      let difference = try await runProgram("diff", ["-r", source.path, target + source.path])
      #expect(difference.exitCode == 0, "\(difference.output)")
    }
  }

  @Test(
    "what is stored and pruned there is as restic wants it, and the other way round",
    arguments: [TestTools.debianRestic, TestTools.newRestic])
  func stored(tool: TestTools.Tool) async throws {
    guard let restic = tool.pathOrSkip else { return }
    try await place.resticOutput(restic, ["init", "--repository-version", "1"])
    let repository = try await place.open()
    #expect(!repository.config.allowsCompression)

    try write("theirs")
    try await place.resticOutput(restic, ["backup", source.path])
    let theirs = try #require(try await repository.snapshots().last)
    try await expectRestores(theirs, repository, restic)

    try write("ours")
    let ours = try await backUp(repository)
    try await expectClean(restic)
    try await expectRestores(ours, repository, restic)
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)

    try await repository.remove(.snapshot, theirs.id)
    let result = try await prune(repository)
    #expect(result.unusedBlobs > 0 && result.unusedBytesLeft == 0)
    try await expectClean(restic)
    try await expectRestores(ours, repository, restic)
    try await place.resticOutput(restic, ["backup", source.path])
    try await place.resticOutput(restic, ["migrate", "upgrade_repo_v2"])
    try await expectClean(restic)
  }

  @Test("compressed blobs, which an older version of ours stored there, are found by a check and mended by a prune")
  func mended() async throws {
    guard let restic = TestTools.newRestic.pathOrSkip else { return }
    let new = try await place.initialize()
    try write("some text")
    let snapshot = try await backUp(new)
    let config = RepositoryConfig(
      version: 1, id: new.config.id, chunkerPolynomial: new.config.chunkerPolynomial)
    try await new.store.put(.config, AuthenticatedCipher(new.key).seal(config.encoded()))
    let repository = try await place.open()
    // Index and snapshot were plain in a repository of version 1.
    for kind in [ObjectKind.index, .snapshot] {
      for id in try await repository.list(kind) {
        let json = try await repository.loadSealed(kind, id)
        try await repository.remove(kind, id)
        try await repository.saveSealed(kind, json)
      }
    }
    let refusal = try await place.restic(restic, ["ls", "latest"])
    #expect(refusal.exitCode != 0 && refusal.errors.contains("version 1"), "\(refusal.output)\(refusal.errors)")
    let found = try await repository.check()
    #expect(found.problems.contains { $0.contains("compressed blobs") })

    #expect(try await prune(repository).packsRepacked > 0)
    try await expectClean(restic)
    #expect(try await repository.check(CheckRequest(data: .all)).isClean)
    let moved = try #require(try await repository.snapshots().last)
    #expect(moved.snapshot.tree == snapshot.snapshot.tree)
    try await expectRestores(moved, repository, restic)
  }
}
