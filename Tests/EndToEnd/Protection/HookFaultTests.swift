import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Hooks that misbehave, in a backup: whatever they do, no point claims more than it has.
  @Suite("A backup with bad hooks")
  struct HookFaultTests {
    /// A hook before the snapshots, and what the run says of it.
    struct BadHook: Sendable, CustomTestStringConvertible {
      let testDescription: String
      let script: String
      var timeout = "2m"
      let reason: String
    }

    @Test(
      "a failed hook before the snapshots: the run fails with its reason, and there is no snapshot, no export and no point",
      arguments: [
        BadHook(
          testDescription: "hangs, with children", script: "sleep 600 & sleep 601 & wait", timeout: "5s",
          reason: "did not end within 5"),
        BadHook(
          testDescription: "floods and is killed",
          script: "head -c 30000000 /dev/zero | tr '\\0' 'x' | fold -w 200; kill -9 $$",
          reason: "signal 9"),
        BadHook(
          testDescription: "exits 137", script: "echo no room for it >&2; exit 137",
          reason: "exit code 137: no room for it"),
      ])
    func prehook(hook: BadHook) async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("hooks") else { return }
      let folder = try scratchDirectory("hooks").path
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks:
              backupPrehook:
                - {name: rest, timeout: \(hook.timeout), exec: {command: [bash, -c, "touch \(folder)/began; exec 3<>\(folder)/held; \(hook.script.replacingOccurrences(of: "\\", with: "\\\\"))"]}}
              backupPosthook: [{exec: {command: [touch, \(folder)/resumed]}}]
              onFailure: [{exec: {command: [touch, \(folder)/failed]}}]
          """)
      try await shop.shell("mkfifo '\(folder)/held'")
      let worker = try shop.installation.worker("main")
      let run = try await shop.submitBackup()
      #expect(try await shop.end(of: run, within: .seconds(240)) == "failed")
      let failure = try await shop.installation.sql("select failure from holdfast.run where run_id = \(run)")
      #expect(failure.contains("hook 'rest'") && failure.contains(hook.reason), "\(failure)")
      #expect(try await shop.installation.number("select count(*) from holdfast.restore_point") == 0)
      #expect(
        try await shop.installation.number("select count(*) from holdfast.resource where made_at is not null") == 0)
      #expect(try await shop.objects() == [])
      // Nothing even asked for the repository.
      #expect(!FileManager.default.fileExists(atPath: shop.repository))
      // The application is told to go on, whatever became of the backup.
      for name in ["began", "resumed", "failed"] {
        #expect(FileManager.default.fileExists(atPath: folder + "/" + name), "\(name)")
      }
      // Nobody has the pipe open any more: what the hook started is gone.
      let held = try await runProgram(
        "/bin/bash", ["-c", "timeout 1 bash -c 'exec 4>\"$0\"' \"$0\"", folder + "/held"])
      #expect(held.exitCode == 124, "a child of the hook lives")
      #expect(!worker.hasEnded)
      await worker.kill()
    }

    @Test("a hook that wakes the application and fails five times is tried until the application is awake")
    func stubborn() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("hooks") else { return }
      let tries = try scratchDirectory("hooks").path + "/tries"
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks: {backupPosthook: [{exec: {command: [sh, -c, "echo >>\(tries); test $(wc -l <\(tries)) -gt 5"]}}]}
          """)
      let worker = try shop.installation.worker("main")
      _ = try await shop.backup()
      #expect(try await shop.shell("wc -l <'\(tries)'") == "6\n")
      await worker.kill()
    }

    @Test("a hook that may fail, and does: the point does not claim that the application was at rest")
    func mayFail() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("hooks") else { return }
      let flag = try scratchDirectory("hooks").path + "/fails"
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks: {backupPrehook: [{onError: continue, exec: {command: [sh, -c, "seq 200000; test ! -e \(flag)"]}}]}
          """)
      let worker = try shop.installation.worker("main")
      _ = try await shop.backup()
      try await shop.shell("touch '\(flag)'")
      _ = try await shop.backup()
      #expect(
        try await shop.installation.sql("select consistency from holdfast.restore_point order by created_at, point_id")
          == "application\ncrash")
      await worker.kill()
    }
  }
}
