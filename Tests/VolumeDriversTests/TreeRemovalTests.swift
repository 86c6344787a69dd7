import FileSystem
import Foundation
import TestSupport
import Testing

@testable import VolumeDrivers

/// Removals of one tree that meet each other, as releases of one snapshot at once do.
@Suite struct TreeRemovalTests {
  @Test("removals of one tree at once all end well, and nothing is left")
  func atOnce() async throws {
    let place = try scratchDirectory("removals")
    let folder = try DirectoryHandle(path: Array(place.path.utf8))
    for _ in 0..<50 {
      try await shell("mkdir -p tree/{1,2,3,4,5,6}/{a,b,c}", in: place)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask { try TreeRemoval(interruption: Interruption()).remove(Array("tree".utf8), in: folder) }
        }
        try await group.waitForAll()
      }
      #expect(!FileManager.default.fileExists(atPath: place.appendingPathComponent("tree").path))
    }
  }
}
