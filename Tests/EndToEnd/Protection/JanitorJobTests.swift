import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What a worker's janitor does about things that are not in the ledger.
  @Suite("The janitor on real volumes and repositories")
  struct JanitorJobTests {
    @Test(
      "what a volume has and the ledger does not know is reported until it is gone, and never touched",
      arguments: ["btrfs", "directory"])
    func unknown(driver: String) async throws {
      let system: LoopFileSystem = driver == "btrfs" ? .btrfs : .ext4
      guard let mount = try await system.sharedFolder("unknown") else { return }
      let shop = try await ProtectedShop(driver, on: mount)
      var worker = try shop.installation.worker("main", ["--label", "node=here"])
      _ = try await shop.backup()
      // Ours, and known.
      #expect(
        try await shop.holdfast("ledger", "--unknown") == "no volume has anything that the ledger does not know\n")
      let ours = try #require(try await shop.objects().first)
      await worker.kill()

      // Another installation's, beside it.
      let folder = URL(fileURLWithPath: ours).deletingLastPathComponent().path
      let theirs = "\(folder)/hf-other-12ab-data"
      try await shop.shell(
        driver == "btrfs"
          ? "btrfs -q subvolume snapshot -r '\(shop.volumes[0].path)' '\(theirs)'" : "cp -a '\(ours)' '\(theirs)'")
      worker = try shop.installation.worker("main", ["--label", "node=here"])
      try await eventually(within: .seconds(120), "the report") {
        try await shop.installation.sql(
          "select node, application, volume, driver, kind, name from holdfast.unknown_objects")
          == "here|shop|data|\(driver)|snapshot|hf-other-12ab-data"
      }
      let listed = try await shop.holdfast("ledger", "--unknown", "-o", "json")
      #expect(
        listed.contains("hf-other-12ab-data")
          && !listed.contains(URL(fileURLWithPath: ours).lastPathComponent))
      #expect(
        try await shop.installation.number(
          "select count(*) from holdfast.event where kind = 'unknown-object' and message like '%hf-other-12ab-data'")
          == 1)
      _ = try await shop.backup("-p", #"retention={"last": 1}"#)
      #expect(FileManager.default.fileExists(atPath: theirs))
      await worker.kill()

      try await shop.shell(driver == "btrfs" ? "btrfs -q subvolume delete '\(theirs)'" : "rm -r '\(theirs)'")
      worker = try shop.installation.worker("main", ["--label", "node=here"])
      try await eventually(within: .seconds(120), "the end of the report") {
        try await shop.installation.number("select count(*) from holdfast.unknown_objects") == 0
      }
      await worker.kill()
    }

    @Test(
      "a snapshot that somebody removed is missed before anybody needs it, and a restore takes the export",
      arguments: ["btrfs", "directory"])
    func missing(driver: String) async throws {
      let system: LoopFileSystem = driver == "btrfs" ? .btrfs : .ext4
      guard let mount = try await system.sharedFolder("missing") else { return }
      let shop = try await ProtectedShop(driver, on: mount)
      var worker = try shop.installation.worker("main", ["--label", "node=here"])
      let point = try await shop.backup()
      await worker.kill()
      let snapshot = try #require(try await shop.objects().first)
      try await shop.shell("mv '\(snapshot)' '\(snapshot).away'")
      // A look says nothing about what was recorded at the same moment.
      try await Task.sleep(for: .seconds(2))

      func look(_ kind: String) async throws {
        worker = try shop.installation.worker("main", ["--label", "node=here"])
        try await eventually(within: .seconds(120), "the report") {
          try await shop.installation.number("select count(*) from holdfast.event where kind = '\(kind)'") == 1
        }
      }
      try await look("snapshot-missing")
      let text = try await shop.holdfast("points", "show", point)
      #expect(text.contains(" (missing)"), "\(text)")
      #expect(try await shop.holdfast("points").contains(" export "))
      try await shop.shell("rm -r '\(shop.volumes[0].path)/orders'")
      try await shop.holdfast("restore", point, "--yes")
      #expect(try await shop.shell("ls '\(shop.volumes[0].path)/orders'") == "1\nold\n")
      let used = try await shop.installation.sql(
        "select outputs -> 'volumes' -> 0 ? 'fromExport' from holdfast.step_status where uses = 'choose-point'")
      #expect(used == "t", "\(used)")
      await worker.kill()

      try await shop.shell("mv '\(snapshot).away' '\(snapshot)'")
      try await look("snapshot-found")
      #expect(try await shop.holdfast("points", "show", point).contains("missing") == false)
      await worker.kill()
    }

    @Test("the lock of a process that died goes without anybody asking for the repository; that of a live one stays")
    func locks() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("locks") else { return }
      let shop = try await ProtectedShop("directory", on: mount)
      let moments = try scratchDirectory("moments")
      let worker = try shop.installation.worker("main", environment: ["HOLDFAST_FAILPOINTS": moments.path])
      _ = try await shop.backup()
      let file = moments.appendingPathComponent("prune.begun")
      try Data("sleep 300".utf8).write(to: file)
      try await shop.holdfast("submit", "maintenance", "-p", "profile=vault")
      try await eventually(within: .seconds(120), "the prune") { !FileManager.default.fileExists(atPath: file.path) }
      func locks() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/locks")
      }
      let held = try locks()
      #expect(held.count == 1)

      func look(_ body: () async throws -> Void) async throws {
        // Takes no step that would need the repository.
        let janitor = try shop.installation.worker("janitor", ["--kinds", "noop"])
        try await body()
        await janitor.kill()
      }
      try await look {
        try await Task.sleep(for: .seconds(4))
        #expect(try locks() == held)
      }
      await worker.kill()
      #expect(try locks() == held)
      try await look { try await eventually(within: .seconds(120), "the removal") { try locks().isEmpty } }
    }

    @Test("a prune that finds no moment without others gives up after a while, and says who is in the way")
    func impatientPrune() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("prune") else { return }
      let shop = try await ProtectedShop("directory", on: mount)
      let moments = try scratchDirectory("moments")
      let file = moments.appendingPathComponent("prune.begun")
      let slow = try shop.installation.worker("slow", slots: 1, environment: ["HOLDFAST_FAILPOINTS": moments.path])
      _ = try await shop.backup()
      try Data("sleep 300".utf8).write(to: file)
      func prune(_ patience: String) async throws -> Int {
        try await shop.installation.submit(
          Plan(
            "ok-prune",
            [
              [
                "name": "prune", "uses": "prune-repository", "with": ["profile": "vault", "patience": patience],
                "retry": ["attempts": 1],
              ]
            ]))
      }
      _ = try await prune("1h")
      try await eventually(within: .seconds(120), "the prune") { !FileManager.default.fileExists(atPath: file.path) }
      let other = try shop.installation.worker("other")
      let run = try await prune("6s")
      #expect(try await shop.end(of: "\(run)") == "failed")
      let failure = try await shop.installation.sql("select failure from holdfast.run where run_id = \(run)")
      #expect(failure.contains("in 6 s there was no moment in which nobody used its repository"), "\(failure)")
      #expect(failure.contains("is locked exclusively by"), "\(failure)")
      for worker in [slow, other] { await worker.kill() }
    }

    @Test("a point that was made on demand goes once it has expired, with the next backup of a policy")
    func expiredOnDemand() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("expired") else { return }
      let shop = try await ProtectedShop("directory", on: mount)
      let worker = try shop.installation.worker("main", slots: 8)
      let expiring = try await shop.backup("-p", "expiresIn=1s")
      let staying = try await shop.backup("-p", "expiresIn=1h")
      let plain = try await shop.backup()
      let policy = try await shop.backup("-p", "policy=nightly", "-p", #"retention={"last": 5}"#)
      #expect(
        try await shop.installation.sql(
          "select name from holdfast.restore_point where state = 'complete' order by created_at, point_id"
        ).split(separator: "\n")
          .map(String.init) == [staying, plain, policy])
      #expect(
        try await shop.installation.sql("select state from holdfast.restore_point where name = '\(expiring)'")
          == "retired")
      // Without a policy's backup, maintenance comes for them.
      let other = try await shop.backup("-p", "expiresIn=1s")
      let last = try await shop.backup("-p", "policy=nightly")
      try await Task.sleep(for: .seconds(1))
      try await shop.holdfast("submit", "maintenance", "-p", "profile=vault", "--wait")
      let states = try await shop.installation.sql(
        "select name, state from holdfast.restore_point where name in ('\(other)', '\(last)') order by point_id")
      #expect(states == "\(other)|retired\n\(last)|complete")
      #expect(try await shop.judge() == "")
      await worker.kill()
    }
  }
}
