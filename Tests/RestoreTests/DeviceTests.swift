import FileSystem
import Foundation
import ResticRepository
import Restore
import TestSupport
import Testing

@Suite("Restoring onto block devices")
struct DeviceTests {
  private static let size = 6 << 20
  private static let image =
    "head -c 3000000 /dev/urandom >disk; head -c 2000000 /dev/zero >>disk; yes text | head -c 1291456 >>disk"

  @Test("an image comes onto a device, what is there already is neither fetched nor written, and all is verified")
  func onto() async throws {
    let fixture = try Fixture()
    let (repository, index, tree) = try await fixture.backedUp(Self.image)
    _ = try await LoopDevice.with(bytes: Self.size) { device in
      try await fixture.shell("tr '\\0' 'x' </dev/zero | head -c \(Self.size) >'\(device)'")
      func restore(verifies: Bool) async throws -> RestoreProgress.State {
        let progress = RestoreProgress()
        try await repository.restore(
          tree, path: [Array("disk".utf8)], index: index, toDevice: device, verifies: verifies, progress: progress)
        try await fixture.shell("cmp '\(device)' source/disk")
        return progress.state
      }
      let first = try await restore(verifies: true)
      #expect(first.bytes == Self.size && first.verifiedBytes == Self.size && first.unchangedBytes == 0)
      #expect(first.expectedBytes == Self.size && first.files == 1)

      try await fixture.shell("printf damage | dd of='\(device)' bs=1 seek=1234567 conv=notrunc status=none; sync")
      let second = try await restore(verifies: false)
      #expect(second.bytes == Self.size && second.unchangedBytes > 0 && second.unchangedBytes < Self.size)
      #expect(second.bytesRead < first.bytesRead)
    }
  }

  @Test("a device that is mounted or of another size, and what is no device, are left alone")
  func refusals() async throws {
    let fixture = try Fixture()
    let (repository, index, tree) = try await fixture.backedUp(Self.image + "; mkdir folder")
    func refusal(_ place: String, _ name: String = "disk") async throws -> String {
      do {
        try await repository.restore(
          tree, path: [Array(name.utf8)], index: index, toDevice: place, patience: .milliseconds(600))
        return ""
      } catch let error as RestoreError { return error.message }
    }
    #expect(try await refusal("/dev/null").contains("Block device required"))
    let file = fixture.folder.path + "/file"
    try await fixture.shell("printf mine >file")
    #expect(try await refusal(file).contains("Block device required"))
    #expect(try await fixture.shell("cat file") == "mine")
    #expect(try await refusal(fixture.folder.path + "/gone").contains("No such file"))
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.path + "/gone"))

    for size in [Self.size - 512, Self.size + 512] {
      _ = try await LoopDevice.with(bytes: size) { device in
        let message = try await refusal(device)
        #expect(message.contains("has \(size) bytes and the image \(Self.size)"), "\(message)")
        #expect(try await refusal(device, "folder").contains("is no image"))
        #expect(try await fixture.shell("tr -d '\\0' <'\(device)' | wc -c") == "0\n")
      }
    }
    _ = try await LoopDevice.with(bytes: Self.size) { device in
      try await fixture.shell("mkfs.ext4 -q '\(device)'; mkdir mount; mount '\(device)' mount; printf safe >mount/file")
      let message = try await refusal(device)
      #expect(message.contains("it is mounted"), "\(message)")
      try await fixture.shell("umount mount; mount '\(device)' mount; cat mount/file; umount mount")
    }
  }
}
