import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Where an application's hooks run, and that all of them do.
  @Suite("The hooks of a main job")
  struct HookPlaceTests {
    @Test("hooks that name no node run where the volumes are, though a worker elsewhere is free")
    func nodes() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("nodes") else { return }
      let log = try scratchDirectory("hooks").path + "/log"
      let hook = "[{exec: {command: [sh, -c, 'echo $HOLDFAST_PHASE >>\(log)']}}]"
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks:
              backupPrehook: \(hook)
              backupPosthook: \(hook)
              restorePrehook: \(hook)
              restorePosthook: \(hook)
              deleteHook: \(hook)
              onSuccess: \(hook)
          """, volume: ", node: here")
      let there = try shop.installation.worker("there", slots: 8, ["--label", "node=there"])
      let run = try await shop.submitBackup()
      try await eventually("the hook waits for a worker of its node") {
        try await shop.installation.number(
          "select count(*) from holdfast.waiting where run_id = \(run) and name = 'quiesce[0].hooks' and waits_for = 'no-worker'"
        ) == 1
      }
      let here = try shop.installation.worker("here", slots: 8, ["--label", "node=here"])
      #expect(try await shop.end(of: run) == "succeeded")
      try await shop.holdfast("restore", "shop", "--yes")
      // The first point goes.
      _ = try await shop.backup("-p", #"retention={"last": 1}"#)
      #expect(
        try await shop.installation.sql(
          "select distinct worker from holdfast.attempt_log where uses = 'hook' and worker is not null") == "here")
      let phases = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
      #expect(
        phases == [
          "backupPrehook", "backupPosthook", "onSuccess", "restorePrehook", "restorePosthook", "onSuccess",
          "backupPrehook", "backupPosthook", "deleteHook", "onSuccess",
        ])
      for worker in [there, here] { await worker.kill() }
    }

    @Test("an application's hooks are told how each kind of backup, and a restore in place, ended")
    func ends() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("ends") else { return }
      let folder = try scratchDirectory("hooks").path
      func hook(_ script: String) -> String { "[{exec: {command: [sh, -c, '\(script)']}}]" }
      let rest = hook("while [ -e \(folder)/closed ]; do touch \(folder)/rests; sleep 0.05; done")
      let tell = hook("echo $HOLDFAST_PHASE >>\(folder)/log")
      let shop = try await ProtectedShop(
        "directory", on: mount,
        application: """
            hooks:
              backupPrehook: \(rest)
              restorePrehook: \(rest)
              onSuccess: \(tell)
              onFailure: \(tell)
              onCancel: \(tell)
          """)
      func told() throws -> [Substring] {
        try String(contentsOfFile: folder + "/log", encoding: .utf8).split(separator: "\n")
      }
      let worker = try shop.installation.worker("main", slots: 8)
      let both = ["-p", "application=shop", "-p", "profile=vault"]
      try await shop.holdfast(["submit", "backup-generic", "--wait"] + both)
      let point = try await shop.newestPoint()
      try await shop.holdfast(["submit", "backup-logical", "-p", #"command=["seq", "10"]"#, "--wait"] + both)
      try await shop.holdfast("restore", point, "--yes")
      // Nobody has to know that a copy is looked at, or wants no hooks.
      try await shop.holdfast("restore", point, "--target", folder + "/copy")
      try await shop.holdfast("restore", point, "--yes", "--no-hooks")
      #expect(try told() == ["onSuccess", "onSuccess", "onSuccess"])

      try Data().write(to: URL(fileURLWithPath: folder + "/closed"))
      let rests = folder + "/rests"
      let dump = #"command=["sh", "-c", "touch \#(rests); sleep 600"]"#
      let jobs: [(workflow: String, parameters: [String])] = [
        ("backup", both), ("backup-generic", both), ("backup-logical", both + ["-p", dump]),
        ("restore", ["-p", "point=\(point)"]),
      ]
      for (workflow, parameters) in jobs {
        let run = try await shop.holdfast(["submit", workflow, "-o", "name"] + parameters)
          .trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually("\(workflow) has begun") { FileManager.default.fileExists(atPath: rests) }
        try await shop.holdfast("cancel", run)
        #expect(try await shop.end(of: run) == "cancelled", "\(workflow)")
        try FileManager.default.removeItem(atPath: rests)
        #expect(try told().last == "onCancel", "\(workflow)")
      }
      #expect(try told().dropFirst(3) == ["onCancel", "onCancel", "onCancel", "onCancel"])
      await worker.kill()
    }
  }
}
