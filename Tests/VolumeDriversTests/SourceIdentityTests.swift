import Foundation
import TestSupport
import Testing
import VolumeDrivers

@Suite("What copies say of their sources")
struct SourceIdentityTests {
  /// Inode and time of change of each file and folder.
  private static let known = #"""
    find . ! -type l | LC_ALL=C sort | while read -r name; do
      stat -c '%n %i %.9Z' "$name" | awk '{ split($3, time, "."); print $1, $2, time[1], time[2] + 0 }'
    done
    """#
  /// What each file and folder says.
  private static let said = #"""
    find . ! -type l | LC_ALL=C sort | while read -r name; do
      value=$(getfattr --only-values -n user.holdfast.source "$name" 2>/dev/null) && echo "$name $value" || true
    done
    """#

  @Test(
    "a snapshot by reflink says it; what is restored or copied from it, or can be written to, doesn't",
    arguments: CopyCase.all)
  func tree(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    let folder = place.appendingPathComponent("data")
    // Somebody may have copied a file out of a snapshot by hand.
    try await shell(
      """
      mkdir -p data/sub; echo x >data/file; ln data/file data/second; ln -s file data/link; : >data/empty
      echo y >data/sub/locked; chmod 400 data/sub/locked; chmod 500 data/sub
      setfattr -n user.holdfast.source -v '1 2 3' data/file
      """, in: place)
    let known = try await shell(Self.known, in: folder)
    #expect(known.split(separator: "\n").count == 6)
    let (driver, volume) = (try test.make(), test.volume(folder))
    _ = try await driver.snapshot(volume, named: "a")
    #expect(try await shell(Self.known, in: folder) == known, "a snapshot changes nothing")
    let clone = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: false)
    let said = try await shell(Self.said, in: URL(fileURLWithPath: clone.place.path))
    #expect(said == (test.driver == "reflink" ? known : ""))

    let writable = try await driver.clone(volume, snapshot: "a", named: "a-w", writable: true)
    let beside = place.appendingPathComponent("beside")
    try await copyClone(clone.place, to: beside.path, imageName: "image")
    try await driver.restore(volume, snapshot: "a")
    for copy in [URL(fileURLWithPath: writable.place.path), beside, folder] {
      #expect(try await shell(Self.said, in: copy) == "", "\(copy.path)")
    }
    try await driver.releaseClone(volume, named: "a-w")
    try await driver.releaseSnapshot(volume, named: "a")
  }

  @Test("the same of an image", arguments: CopyCase.all)
  func image(test: CopyCase) async throws {
    guard let place = try await test.fileSystem.sharedFolder() else { return }
    try await shell("mkdir data; head -c 1000000 /dev/urandom >data/image; chmod 400 data/image", in: place)
    let image = place.appendingPathComponent("data/image")
    let known = try await shell(
      "stat -c '%i %.9Z' data/image | awk '{ split($2, time, \".\"); print $1, time[1], time[2] + 0 }'", in: place)
    func said(_ path: String) async throws -> String {
      try await shell("getfattr --only-values -n user.holdfast.source '\(path)' 2>/dev/null || true", in: place)
    }
    let (driver, volume) = (try test.make(), test.volume(image))
    _ = try await driver.snapshot(volume, named: "a")
    let clone = try await driver.clone(volume, snapshot: "a", named: "a-c", writable: false)
    #expect(try await said(clone.place.path) == (test.driver == "reflink" ? known.trimmed : ""))
    let writable = try await driver.clone(volume, snapshot: "a", named: "a-w", writable: true)
    try await copyClone(clone.place, to: place.path + "/beside", imageName: "image")
    try await driver.restore(volume, snapshot: "a")
    for path in [writable.place.path, place.path + "/beside/image", image.path] {
      #expect(try await said(path) == "", "\(path)")
    }
    try await driver.releaseClone(volume, named: "a-w")
    try await driver.releaseSnapshot(volume, named: "a")
  }
}
