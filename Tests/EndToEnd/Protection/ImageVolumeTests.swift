import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite("A volume that is an image in a folder of others")
  struct ImageVolumeTests {
    @Test("its export comes back in place, and nothing of the folder changes; beside, its folder is private")
    func inPlace() async throws {
      guard let mount = try await LoopFileSystem.xfs.sharedFolder("image") else { return }
      let folder = mount.appendingPathComponent("machines")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      let shop = try await ProtectedShop("reflink", on: folder, volumes: ["disk"]) { path in
        _ = try await runProgram("/bin/bash", ["-euc", "head -c 5000000 /dev/urandom >'\(path)'"])
      }
      let look = "cd '\(folder.path)'; stat -c '%a %u:%g' .; getfacl -np .; getfattr -d .; sha256sum disk other"
      try await shop.shell(
        """
        cd '\(folder.path)'; echo other >other
        chown 7:9 .; chmod 2770 .; setfacl -m u:1234:rx . -d -m u:1234:rx .; setfattr -n user.use -v machines .
        """)
      let before = try await shop.shell(look)
      let worker = try shop.installation.worker("main")
      let point = try await shop.backup()

      try await shop.shell("head -c 4000000 /dev/urandom >'\(folder.path)/disk'")
      try await shop.holdfast("restore", point, "--from", "export", "--yes")
      #expect(try await shop.shell(look) == before)

      let beside = shop.folder.path + "/beside"
      try await shop.holdfast("restore", point, "--target", beside, "--yes")
      try await shop.shell("cmp '\(beside)/disk/disk' '\(folder.path)/disk'")
      #expect(try await shop.shell("stat -c '%a %u:%g' '\(beside)/disk'") == "700 0:0\n")
      await worker.kill()
    }
  }
}
