import Foundation
import Glibc
import JSON
import Log
import TestSupport
import Testing

@testable import ProtectionSteps

@Suite("Filesystems that were left frozen")
struct StaleFreezeTests {
  @Test("a worker that is not root looks after what its own user froze", .enabled(if: geteuid() == 0))
  func otherUser() async throws {
    let folder = try scratchDirectory("freezes")
    let record = folder.appendingPathComponent("freeze/test.json")
    try FileManager.default.createDirectory(
      at: record.deletingLastPathComponent(), withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o700])
    // Of an earlier boot: to say that it has ended takes no right but to the file.
    let frozen: JSONValue = [
      "token": "test", "path": "/srv", "mountPoint": "/srv", "device": "7:1", "filesystem": "ext4", "bootID": "earlier",
      "since": 1, "deadline": 1, "guard": 1, "worker": 1,
    ]
    try Data(frozen.text.utf8).write(to: record)
    for path in [record.deletingLastPathComponent().path, record.path] { #expect(chown(path, 65534, 65534) == 0) }
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      setenv("HOLDFAST_RUNTIME", path, 1)
      guard setgid(65534) == 0, setuid(65534) == 0 else { exit(2) }
      await thawStaleFreezes(Logger(level: .error))
      exit(0)
    }
    let after = try JSONValue(parsing: try String(contentsOf: record, encoding: .utf8))
    #expect(after["endedBy"] == "worker-died")
  }
}
