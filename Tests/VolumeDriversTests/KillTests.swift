import Foundation
import TestSupport
import Testing
import VolumeDrivers

/// Processes that are killed with SIGKILL at any moment of a snapshot, clone, restore or release.
@Suite(.serialized) struct KillTests {
  static let cases = [
    CopyCase(driver: "btrfs", fileSystem: .btrfs), CopyCase(driver: "reflink", fileSystem: .xfs),
    CopyCase(driver: "directory", fileSystem: .ext4),
  ]

  @Test(
    "whatever moment a process is killed at, the next one finds all or nothing, and leaves nothing", arguments: cases)
  func killed(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let make = test.driver == "btrfs" ? "btrfs -q subvolume create data" : "mkdir data"
    try await shell(
      make
        + "; for d in $(seq 20); do mkdir data/$d; for n in $(seq 20); do echo $d/$n >data/$d/$n; done; done; ln data/1/1 data/2/x",
      in: place)
    let (driver, volume) = (try test.make(), test.volume(place.appendingPathComponent("data")))
    let whole = try await fingerprint(place.appendingPathComponent("data"))
    for _ in 0..<6 {
      let (path, name) = (volume.path, test.driver)
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, name = name as String] in
        let delay = UInt32.random(in: 50_000...400_000)
        Thread.detachNewThread {
          usleep(delay)
          kill(getpid(), SIGKILL)
        }
        let driver = try Drivers.driver(named: name, program: nil)
        let volume = VolumeSource(application: "test", name: "data", driver: name, path: path)
        while true {
          _ = try await driver.snapshot(volume, named: "a")
          _ = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: true)
          try await driver.restore(volume, snapshot: "a")
          try await driver.releaseClone(volume, named: "a-c")
          try await driver.releaseSnapshot(volume, named: "a")
        }
      }
      // What has a name is whole.
      for object in try await driver.owned(volume) where object.kind == .snapshot {
        let clone = try await driver.clone(volume, snapshot: object.name, named: "look", writable: false)
        #expect(try await fingerprint(URL(fileURLWithPath: clone.place.path), ofCopy: true) == whole)
        try await driver.restore(volume, snapshot: object.name)
      }
      // Again from the beginning, as a second attempt would.
      _ = try await driver.snapshot(volume, named: "a")
      let clone = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: true)
      #expect(try await fingerprint(URL(fileURLWithPath: clone.place.path)) == whole)
      try await driver.restore(volume, snapshot: "a")
      #expect(try await fingerprint(place.appendingPathComponent("data")) == whole)
      try await driver.releaseClone(volume, named: "a-c")
      try await driver.releaseSnapshot(volume, named: "a")
      #expect(try await shell("ls -A", in: place) == "data\n")
    }
  }
}
