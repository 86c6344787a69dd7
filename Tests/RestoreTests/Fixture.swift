import BlobIndex
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import Restore
import TestSupport
import Testing

/// A repository in a folder of its own, made by the real restic or by hand.
struct Fixture {
  static let password = "correct horse"
  let folder: URL

  init() throws { folder = try scratchDirectory("restore") }

  var repositoryPath: String { folder.appendingPathComponent("repository").path }
  var source: URL { folder.appendingPathComponent("source") }
  var target: URL { folder.appendingPathComponent("target") }

  /// What restic says; an exit code but 0 is a failure of the test.
  @discardableResult
  func restic(_ arguments: String..., directory: URL? = nil) async throws -> String {
    let result = try await runProgram(
      "restic", arguments,
      environment: [
        "PATH": "/usr/bin:/bin:/usr/local/bin", "RESTIC_REPOSITORY": repositoryPath, "RESTIC_PASSWORD": Self.password,
        "RESTIC_CACHE_DIR": folder.appendingPathComponent("restic-cache").path, "HOME": folder.path, "TZ": "UTC",
      ], directory: directory)
    #expect(result.exitCode == 0, "restic \(arguments): \(result.output)\(result.errors)")
    return result.output
  }

  /// Runs a script in a folder and returns what it prints.
  @discardableResult
  func shell(_ script: String, in directory: URL? = nil) async throws -> String {
    let result = try await runProgram("/bin/bash", ["-euc", script], directory: directory ?? folder)
    #expect(result.exitCode == 0, "\(script): \(result.output)\(result.errors)")
    return result.output
  }

  /// A repository by restic with one snapshot of `source`, which `script` fills.
  func backedUp(_ script: String) async throws -> (repository: Repository, index: BlobIndex, tree: BlobID) {
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    try await shell(script, in: source)
    try await restic("init")
    // A relative path, so that the tree begins with the source's content.
    try await restic("backup", ".", directory: source)
    return try await opened()
  }

  /// The repository, its index, and the tree of its newest snapshot.
  func opened() async throws -> (repository: Repository, index: BlobIndex, tree: BlobID) {
    let repository = try await open()
    let snapshot = try #require(try await repository.snapshots().last)
    return (repository, try await index(repository), snapshot.snapshot.tree)
  }

  func open() async throws -> Repository {
    try await Repository.open(DirectoryStore(repositoryPath), password: Password(Array(Self.password.utf8)))
  }

  func index(_ repository: Repository) async throws -> BlobIndex {
    try await repository.loadIndex(cache: .folder(folder.appendingPathComponent("cache").path))
  }

  /// Everything that a file system keeps of a folder, as text: kinds, modes, owners, times, link counts, targets, attributes,
  /// hashes.
  func fingerprint(_ directory: URL) async throws -> String {
    try await shell(
      """
      find . -mindepth 1 -printf '%P|%y|%m|%U|%G|%T@|%n|%l\\n' | LC_ALL=C sort
      find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
      find . \\( -type b -o -type c \\) -exec stat -c '%n %t %T' {} + | LC_ALL=C sort
      paragraphs() { awk 'BEGIN { RS = "" } { gsub("\\n", " ; "); print }' | LC_ALL=C sort; }
      find . -mindepth 1 ! -type l -print0 | xargs -0r getfacl -pn | paragraphs
      getfattr -Rhd -m - . | paragraphs
      """, in: directory)
  }

  /// Compares source and target in all that a file system keeps.
  func expectEqual() async throws {
    let (expected, actual) = (try await fingerprint(source), try await fingerprint(target))
    guard expected != actual else { return }
    let (theirs, ours) = (Set(expected.split(separator: "\n")), Set(actual.split(separator: "\n")))
    Issue.record(
      "missing: \(Array(theirs.subtracting(ours).sorted().prefix(20))), surplus: \(Array(ours.subtracting(theirs).sorted().prefix(20)))"
    )
  }

  /// Restores with usual settings, as `change` alters them.
  func restore(
    _ opened: (repository: Repository, index: BlobIndex, tree: BlobID),
    _ change: (inout RestoreRequest) -> Void = { _ in }
  ) async throws -> RestoreResult {
    var request = RestoreRequest(tree: opened.tree, target: target.path)
    change(&request)
    return try await opened.repository.restore(request, index: opened.index)
  }
}

/// Whether tests run as root, which devices and owners need.
let isRoot = geteuid() == 0
