import BlobIndex
import Concurrency
import Foundation
import ObjectStores
import ResticFormat
import ResticRepository
import Restore
import Testing

/// A repository whose trees no honest program would write.
struct HandMade {
  let fixture: Fixture
  let repository: Repository
  let index = BlobIndex()
  let pool = BlockingPool(size: 10)

  init() async throws {
    fixture = try Fixture()
    repository = try await Repository.initialize(
      DirectoryStore(fixture.repositoryPath), password: Password(Array(Fixture.password.utf8)))
  }

  /// Stores blobs, but for those that `known` has already; nil is the index.
  @discardableResult
  func store(_ blobs: [(bytes: [UInt8], type: BlobType)], known: BlobIndex? = nil) async throws -> [BlobID] {
    try await repository.withBlobWriter(index: known ?? index, settings: WriteSettings(), pool: pool) { writer in
      var ids: [BlobID] = []
      let sealer = writer.sealer()
      for (bytes, type) in blobs {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        ids.append(try await writer.store(UnsafeRawBufferPointer(copy), type: type, with: sealer).id)
      }
      return ids
    }
  }

  func data(_ text: String) async throws -> BlobID { try await data(Array(text.utf8)) }

  func data(_ bytes: [UInt8]) async throws -> BlobID { try await store([(bytes, .data)])[0] }

  func tree(_ nodes: [TreeNode]) async throws -> BlobID {
    try await store([(TreeEncoder.encode(nodes), .tree)])[0]
  }

  func file(_ name: String, _ content: [BlobID]) -> TreeNode {
    var node = TreeNode(name: Array(name.utf8), kind: .file)
    node.mode = 0o644
    node.content = content
    node.modified = .init(seconds: 1000, nanoseconds: 5)
    return node
  }

  func folder(_ name: String, _ subtree: BlobID?) -> TreeNode {
    var node = TreeNode(name: Array(name.utf8), kind: .dir)
    node.mode = 0o755 | 1 << 31
    node.subtree = subtree
    return node
  }

  func symlink(_ name: String, _ target: String) -> TreeNode {
    var node = TreeNode(name: Array(name.utf8), kind: .symlink)
    node.linkTarget = Array(target.utf8)
    return node
  }

  func restore(
    _ tree: BlobID, _ change: (inout RestoreRequest) -> Void = { _ in }
  ) async throws -> RestoreResult {
    try await fixture.restore((repository, index, tree), change)
  }

  /// The names in a folder, sorted.
  func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }
}
