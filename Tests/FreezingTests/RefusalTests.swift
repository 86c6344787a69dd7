import Foundation
import TestSupport
import Testing

@testable import Freezing

@Suite("What is never frozen", .serialized)
struct RefusalTests {
  /// Never by way of `freeze`: a mistake would freeze the machine.
  @Test("the root filesystem, wherever it is mounted")
  func root() throws {
    let root = try #require(MountedFilesystem(ofPath: "/"))
    let error = #expect(throws: FreezeError.self) { try Refusals(paths: ProtectedPath.own()).check(root, at: "/") }
    #expect(error?.kind == .refused && error?.description.contains("the root filesystem") == true)
  }

  private func refusal(_ ground: FreezeGround, _ path: String? = nil, token: String = "test") async -> FreezeError? {
    await #expect(throws: FreezeError.self) {
      _ = try await ground.freezer.freeze(path ?? ground.path, deadline: .seconds(1), token: token)
    }
  }

  @Test(
    "what holds something that must go on being written, in whatever way", arguments: [LoopFileSystem.ext4, .btrfs])
  func protected(_ kind: LoopFileSystem) async throws {
    try await withGround(kind) { ground in
      var ground = ground
      var places = ["", "/not/there/yet"]
      if kind == .btrfs {
        try await runProgram("btrfs", ["subvolume", "create", "\(ground.path)/sub"])
        places.append("/sub")
      }
      for place in places {
        ground.freezer.protected = [ProtectedPath(ground.path + place, "the repository")]
        let error = await refusal(ground)
        #expect(error?.kind == .refused && error?.description.contains("it holds the repository") == true)
      }
      // On a file system in a file on the one to be frozen.
      let image = "\(ground.path)/image"
      let inner = try scratchDirectory("inner").path
      for command in [
        ["truncate", "-s", "16M", image], ["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, inner],
      ] {
        #expect(try await runProgram("/usr/bin/env", command).exitCode == 0)
      }
      ground.freezer.protected = [ProtectedPath(inner, "the repository")]
      #expect(await refusal(ground)?.kind == .refused)
      try await runProgram("umount", [inner])
      ground.freezer.protected = []
      try await ground.freeze()
      #expect(try await ground.thaw().isIntact)
    }
  }

  @Test("our runtime folder, and our program")
  func own() async throws {
    try await withGround { ground in
      let there = FreezeGround(
        path: ground.path, runtime: "\(ground.path)/run",
        freezer: Freezer(runtimeFolder: "\(ground.path)/run", guardCommand: [helper, FreezeGuard.command]))
      #expect(await refusal(there)?.description.contains("guards") == true)
      let program = "\(ground.path)/helper"
      // Not by our own hands: a child that starts meanwhile would keep the program open for writing.
      try await runProgram("cp", [helper, program])
      let result = try await runProgram(
        program, ["hold", ground.path, "1", "test"], environment: ["HOLDFAST_RUNTIME": ground.runtime])
      #expect(result.exitCode == 1 && result.output.contains("Holdfast's own program"), "\(result)")
    }
  }

  @Test("a program that an update has replaced still has its guard")
  func replaced() async throws {
    try await withGround { ground in
      let folder = try scratchDirectory("program").path
      try await runProgram("cp", [helper, "\(folder)/helper"])
      let worker = try BackgroundProgram(
        "\(folder)/helper", ["replaced", ground.path, "60", "test"], environment: ["HOLDFAST_RUNTIME": ground.runtime])
      try await eventually("a freeze: \(worker.output)") { worker.output.contains("frozen") }
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/helper"))
      await worker.kill()
      try await ground.expectThawed()
    }
  }

  @Test("what can't be frozen, is not there, or makes no sense")
  func impossible() async throws {
    try await withGround { ground in
      let memory = try scratchDirectory("memory").path
      try await runProgram("mount", ["-t", "tmpfs", "tmpfs", memory])
      let error = await refusal(ground, memory)
      try await runProgram("umount", [memory])
      #expect(error?.kind == .unsupported && error?.description.contains("tmpfs") == true)
      #expect(await refusal(ground, ground.path + "/missing")?.kind == .missing)
      #expect(await refusal(ground, "relative")?.kind == .refused)
      for token in ["", "a/b", ".hidden", String(repeating: "a", count: 61)] {
        #expect(await refusal(ground, token: token)?.kind == .refused)
      }
      for deadline in [Duration.zero, .seconds(601)] {
        await #expect(throws: FreezeError.self) { try await ground.freeze(deadline: deadline) }
      }
    }
  }

  @Test("what somebody else has frozen")
  func busy() async throws {
    try await withGround { ground in
      let frozen = try await runProgram("/sbin/fsfreeze", ["--freeze", ground.path])
      #expect(frozen.exitCode == 0, "\(frozen)")
      let error = await refusal(ground)
      try await runProgram("/sbin/fsfreeze", ["--unfreeze", ground.path])
      #expect(error?.kind == .busy && error?.description.contains("somebody else") == true)
      #expect(try await ground.freezer.thaw("test") == nil)

      try await ground.freeze("first")
      let second = await refusal(ground, token: "second")
      #expect(second?.kind == .held && second?.description.contains("token first") == true)
      #expect(try await ground.thaw("first").isIntact)
    }
  }

  @Test("a server's data folder, log and tablespaces")
  func postgres() throws {
    #expect(ProtectedPath.postgres(serverProcess: 1).isEmpty)
  }
}
