import FileSystem
import Foundation
import Glibc
import TestSupport
import Testing

@testable import VolumeDrivers

@Suite struct ObjectFolderTests {
  @Test("what a killed call has begun is locked until it is gone, so that nobody takes it for new")
  func locked() async throws {
    let place = try scratchDirectory("objects")
    try await shell("mkdir .new-a-1; cd .new-a-1; seq -f %05.0f 20000 | xargs touch", in: place)
    let unfinished = place.path + "/.new-a-1"
    let file = open(unfinished, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(file) }
    let folder = try DirectoryHandle(path: Array(place.path.utf8))
    // Both on threads that nobody else uses: the looks must come in time.
    Thread.detachNewThread { try? ObjectFolder(folder: folder, interruption: Interruption()).remove("b") }
    let (looks, locks) = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: Self.look(at: unfinished, file)) }
    }
    #expect(looks > 0 && locks == 0, "\(locks) of \(looks)")
  }

  /// Tries to lock a folder as long as it is being removed; how often that was, and how often it could.
  private static func look(at unfinished: String, _ file: Int32) -> (looks: Int, locks: Int) {
    var (looks, locks) = (0, 0)
    while access(unfinished, F_OK) == 0 {
      usleep(200)
      guard access(unfinished + "/00001", F_OK) != 0 else { continue }
      let isFree = flock(file, LOCK_EX | LOCK_NB) == 0
      // Only what was tried while the removal was under way counts.
      guard access(unfinished + "/20000", F_OK) == 0 else { continue }
      looks += 1
      if isFree { locks += 1 }
      flock(file, LOCK_UN)
    }
    return (looks, locks)
  }
}
