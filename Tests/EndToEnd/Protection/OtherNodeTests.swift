import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Test("what a lost node has exported comes back on another node, into a folder")
  func otherNode() async throws {
    guard let mount = try await LoopFileSystem.ext4.sharedFolder("node") else { return }
    let shop = try await ProtectedShop("directory", on: mount, volume: ", node: lost")
    let lost = try shop.installation.worker("lost", ["--label", "node=lost"])
    let before = try await shop.facts(shop.volumes[0].path)
    let point = try await shop.backup()
    await lost.kill()

    let other = try shop.installation.worker("other", ["--label", "node=there"])
    let target = shop.folder.path + "/rescued"
    try await shop.holdfast("restore", point, "--target", target, "--node", "there")
    #expect(try await shop.facts(target + "/data") == before)
    try await shop.holdfast(
      "restore", point, "--volume", "data", "--path", "/note", "--target", target + "/files", "--node", "there")
    #expect(try await shop.shell("cat '\(target)/files/data/note'") == "hello")

    // Its snapshot is where it was, and so is the volume.
    for (arguments, reason) in [
      (["--node", "there"], "--node needs a --target"),
      (["--node", "there", "--target", target, "--from", "snapshot"], "--node needs exports"),
    ] {
      let refused = try await shop.installation.run(["restore", point] + arguments)
      #expect(refused.exitCode == 2 && refused.errors.contains(reason), "\(refused)")
    }
    for (parameters, reason) in [
      (["node=there"], "give a target with the node"),
      (["node=there", "target=\(target)", "from=snapshot"], "which only its own node can read"),
    ] {
      let options = parameters.flatMap { ["-p", $0] }
      let refused = try await shop.installation.run(
        ["submit", "restore", "-p", "point=\(point)", "--wait"] + options)
      #expect(refused.exitCode == 1 && (refused.output + refused.errors).contains(reason), "\(refused)")
    }
    // A target that is where the volume was is a folder like any other.
    try await shop.shell("echo more >'\(shop.volumes[0].path)/more'")
    try await shop.holdfast("restore", point, "--target", mount.path, "--node", "there")
    #expect(try await shop.shell("cat '\(shop.volumes[0].path)/more'") == "more\n")
    // Hooks would stop the application at its new place, and data come to the old one.
    try await shop.applyDocuments(volume: ", node: there")
    let moved = try await shop.installation.run(["restore", point, "--yes"])
    let reason = "was at another place then (lost:"
    #expect(moved.exitCode == 1 && (moved.output + moved.errors).contains(reason), "\(moved)")
    #expect(try await shop.leftBehind() == "")
    await other.kill()
  }
}
