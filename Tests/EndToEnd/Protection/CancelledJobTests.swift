import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Backups that are cancelled while each of their outside effects is under way: everything is undone.
  @Suite("A cancelled main job")
  struct CancelledJobTests {
    @Test("nothing is left behind, whenever it is cancelled, and the next backup is whole")
    func cancel() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("cancelled") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount, volumes: ["data", "logs"])
      let moments = try scratchDirectory("moments")
      let worker = try shop.installation.worker("main", environment: ["HOLDFAST_FAILPOINTS": moments.path])
      // While a clone is released, the point may be recorded: then the backup is done, and stays.
      for moment in [
        "snapshot.intended", "snapshot.taken", "snapshot.noted", "clone.intended", "clone.made", "clone.noted",
        "export.intended", "export.stored", "export.noted", "restore-point.sealed",
      ] {
        let file = moments.appendingPathComponent(moment)
        // The cancel has to come within that time.
        try Data("sleep 12".utf8).write(to: file)
        let run = try await shop.holdfast(
          "submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-o", "name"
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually(within: .seconds(120), "\(moment)") { !FileManager.default.fileExists(atPath: file.path) }
        try await shop.installation.sql("select holdfast.cancel(\(run), 'enough')")
        #expect(try await shop.end(of: run) == "cancelled", "\(moment)")
      }
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      #expect(try await shop.objects() == [])
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/holdfast/points").isEmpty)
      let before = try await shop.facts(shop.volumes[0].path)
      let point = try await shop.backup()
      try await shop.shell("rm -r '\(shop.volumes[0].path)/orders'")
      try await shop.holdfast("restore", point, "--yes")
      #expect(try await shop.facts(shop.volumes[0].path) == before)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("an application that is at rest, or stopped for a restore, goes on, and what was begun is undone")
    func atRest() async throws {
      try await RestingShop.with("cancelled-at-rest") { resting in
        let shop = resting.shop
        let moments = try Moments()
        let worker = try shop.installation.worker("main", slots: 8, environment: moments.environment)
        /// Submits a run, and cancels it when it has come to a moment.
        func cancel(at moment: String, _ arguments: [String]) async throws {
          try resting.forgetHooks()
          // Both volumes' parts come by, and as many threads as there are cores would wait: only the first rests, for a while.
          let isOneOfMany = moment == "export-part.stored"
          if isOneOfMany { try moments.rest(at: moment, seconds: 15) } else { try moments.hold(at: moment) }
          let run = try await shop.holdfast(arguments + ["-o", "name"])
            .trimmingCharacters(in: .whitespacesAndNewlines)
          if isOneOfMany { try await moments.passed(moment) }
          let held = isOneOfMany ? nil : try await moments.held(at: moment)
          try await shop.installation.sql("select holdfast.cancel(\(run), 'enough')")
          try await eventually(within: .seconds(120), "the worker is told at \(moment)") {
            worker.errors.split(separator: "\n").contains {
              $0.contains("stopping a step") && $0.contains("run=\(run) ")
            }
          }
          held?.letGo()
          #expect(try await shop.end(of: run) == "cancelled", "\(moment)")
          try await resting.expectAwake(moment)
        }

        _ = try await shop.backup()
        for moment in ["hook.done", "freeze.frozen", "export-part.stored"] {
          try await cancel(
            at: moment, ["submit", "backup", "-p", "application=shop", "-p", "profile=vault", "-p", "parts=2"])
          #expect(resting.hooks == ["rest", "resume", "cancelled"], "\(moment)")
        }
        try await shop.shell("echo new >'\(shop.volumes[0].path)/new'")
        let before = try await shop.facts(shop.volumes[0].path)
        try await cancel(at: "hook.done", ["restore", "shop", "--yes", "--no-wait"])
        #expect(resting.hooks.starts(with: ["stop", "start"]), "\(resting.hooks)")
        #expect(try await shop.facts(shop.volumes[0].path) == before, "the volume was touched")
        // Only what the whole backup left.
        try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
        #expect(try await shop.objects().count == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/holdfast/points").count == 1)
        #expect(try await shop.judge() == "")
        await worker.kill()
      }
    }
  }
}
