import FileSystem
import Foundation
import TestSupport
import Testing

@testable import VolumeDrivers

/// Removals of one tree that meet each other, as releases of one snapshot at once do; and what a removal leaves.
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

  @Test("a folder that stays for what is kept in it has its permissions in the end, though we may not be root")
  func permissions() async throws {
    let place = try scratchDirectory("removals")
    try await shell(
      """
      mkdir -p tree/{locked/{inner,gone},open}; touch tree/locked/{inner/kept,gone/file,file} tree/open/kept
      chmod 2550 tree/locked/inner; chmod 500 tree/locked tree/locked/gone; chmod 750 tree/open; chmod 755 tree
      """, in: place)
    let isKept: PathTest = { path in path.last == Array("kept".utf8) }
    let removal = TreeRemoval(interruption: Interruption(), keeping: KeptPaths(isKept), isRoot: false)
    try removal.removeFromVolume(Array("tree".utf8), in: DirectoryHandle(path: place.path), path: [])
    let left = try await shell(
      "find tree -type d -printf '%p %m\\n' | LC_ALL=C sort; find tree -type f | wc -l", in: place)
    #expect(left == "tree 755\ntree/locked 500\ntree/locked/inner 2550\ntree/open 750\n2\n")
  }
}
