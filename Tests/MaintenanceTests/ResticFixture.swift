import Cryptography
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import TestSupport
import Testing

/// A repository in a folder of its own, the real restic to fill and judge it, and folders to back up.
struct ResticFixture {
  static let password = "correct horse"
  let folder: URL
  let repository: Repository

  /// A new empty repository, made by us.
  init() async throws {
    folder = try scratchDirectory("maintenance")
    repository = try await Repository.initialize(
      DirectoryStore(folder.appendingPathComponent("repository").path), password: Password(Array(Self.password.utf8)))
  }

  var path: String { folder.appendingPathComponent("repository").path }
  var source: URL { folder.appendingPathComponent("source") }

  /// What restic says; an exit code but `expecting` is a failure of the test.
  @discardableResult
  func restic(_ arguments: [String], expecting: Int32 = 0) async throws -> String {
    let result = try await runProgram(
      "restic", ["--no-cache"] + arguments,
      environment: [
        "PATH": "/usr/bin:/bin:/usr/local/bin", "RESTIC_REPOSITORY": path, "RESTIC_PASSWORD": Self.password,
        "HOME": folder.path,
      ])
    #expect(result.exitCode == expecting, "restic \(arguments): \(result.output)\(result.errors)")
    return result.output + result.errors
  }

  /// restic finds nothing wrong, also in the data.
  func expectClean() async throws {
    #expect(try await restic(["check", "--read-data"]).contains("no errors were found"))
  }

  /// Writes a file of the source; the same seed gives the same random bytes.
  func write(_ name: String, seed: UInt64, count: Int) throws {
    var generator = SplitMix64(seed: seed)
    var bytes: [UInt8] = []
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
    let file = source.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes.prefix(count)).write(to: file)
  }

  /// All objects of the repository, as paths below its folder.
  func objects(_ below: String = "") throws -> [String] {
    let root = folder.appendingPathComponent("repository")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(below).path)
    return paths.map { below.isEmpty ? $0 : "\(below)/\($0)" }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }

  /// What all index files list.
  func listedPacks() async throws -> [(id: PackID, blobs: [PackedBlob])] {
    var packs: [(id: PackID, blobs: [PackedBlob])] = []
    for id in try await repository.list(.index) { packs += try await repository.indexFile(id).packs }
    return packs
  }

  func read(_ object: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent("repository/\(object)")))
  }

  /// Replaces an object, read-only as it may be.
  func replace(_ object: String, _ bytes: [UInt8]) throws {
    let file = folder.appendingPathComponent("repository/\(object)")
    if FileManager.default.fileExists(atPath: file.path) { try FileManager.default.removeItem(at: file) }
    try Data(bytes).write(to: file)
  }

  func remove(_ object: String) throws {
    try FileManager.default.removeItem(at: folder.appendingPathComponent("repository/\(object)"))
  }

  /// Opens the repository anew.
  func reopened() async throws -> Repository {
    try await Repository.open(DirectoryStore(path), password: Password(Array(Self.password.utf8)))
  }
}
