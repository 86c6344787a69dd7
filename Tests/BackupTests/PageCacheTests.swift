import Backup
import FileSystem
import Foundation
import TestSupport
import Testing

@Suite("What a backup leaves in the page cache")
struct PageCacheTests {
  /// Small, a few reads long, and cut in segments.
  static let sizes = [10, 3000, 90_000, 600_000, 3_000_000, 70_000_000]

  @Test("What an application had there stays, and what only the backup read is gone")
  func leaves() async throws {
    let test = try await TestRepository()
    let place = try scratchDirectory("source")
    try await shell(
      "for size in \(Self.sizes.map(String.init).joined(separator: " ")); do for name in used idle; do "
        + "head -c $size /dev/urandom > $name-$size; done; done; sync used-* idle-*", in: place)
    for size in Self.sizes {
      let (used, idle) = try (file(place, "used", size), file(place, "idle", size))
      idle.dontNeed(0..<size + 4096)
      #expect(try residentPages(idle.descriptor, size) == 0)
      #expect(try residentPages(used.descriptor, size) == (size + 4095) / 4096)
    }

    let result = try await test.backUp(BackupRequest(source: .files([place.path])))

    #expect(result.problemCount == 0, "\(result.problems)")
    for size in Self.sizes {
      let (used, idle) = try (file(place, "used", size), file(place, "idle", size))
      #expect(try residentPages(used.descriptor, size) == (size + 4095) / 4096, "used, \(size)")
      #expect(try residentPages(idle.descriptor, size) == 0, "idle, \(size)")
    }
  }

  private func file(_ place: URL, _ name: String, _ size: Int) throws -> FileSystem.FileHandle {
    try FileSystem.FileHandle(path: "\(place.path)/\(name)-\(size)")
  }
}
