import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Back up, restore, verify and retire, on real filesystems, with restic as the judge of the repository.
  @Suite("The main job")
  struct MainJobTests {
    /// Runs `body` with a shop on a filesystem of a kind, and a worker.
    private func withShop(
      _ driver: String, on kind: LoopFileSystem, volumes: [String] = ["data"],
      _ body: (ProtectedShop) async throws -> Void
    ) async throws {
      guard let mount = try await kind.sharedFolder("shop-\(driver)") else { return }
      let shop = try await ProtectedShop(driver, on: mount, volumes: volumes)
      let worker = try shop.installation.worker("main", slots: 8)
      try await body(shop)
      await worker.kill()
    }

    static let cases: [(String, LoopFileSystem)] = [("btrfs", .btrfs), ("reflink", .xfs), ("directory", .ext4)]

    @Test("a backup comes back byte for byte, in place and beside, from snapshot and from export", arguments: cases)
    func roundTrip(driver: String, kind: LoopFileSystem) async throws {
      try await withShop(driver, on: kind, volumes: ["data", "logs"]) { shop in
        let before = try await shop.facts(shop.volumes[0].path)
        let first = try await shop.backup()
        try await shop.shell(
          "cd '\(shop.volumes[0].path)'; rm -r orders link; printf bye >note; printf new >added; chown 3:4 .; chmod 700 ."
        )
        let changed = try await shop.facts(shop.volumes[0].path)
        let second = try await shop.backup()
        #expect(second != first)
        for source in ["snapshot", "export"] {
          try await shop.holdfast("restore", first, "--yes", "--from", source)
          #expect(try await shop.facts(shop.volumes[0].path) == before, "from \(source)")
          try await shop.holdfast("restore", "shop", "--yes", "--from", source)
          #expect(try await shop.facts(shop.volumes[0].path) == changed, "from \(source)")
        }
        let beside = shop.folder.path + "/beside"
        try await shop.holdfast("restore", first, "--target", beside, "--volume", "da*")
        #expect(try await shop.facts(beside + "/data") == before)
        #expect(!FileManager.default.fileExists(atPath: beside + "/logs"))
        try await shop.holdfast(
          "restore", first, "--volume", "data", "--path", "/orders/old", "--path", "/orders/lost", "--target",
          beside + "/files")
        #expect(try await shop.shell("cd '\(beside)/files'; find . -type f") == "./data/orders/old/2\n")
        // Of several the one that is misspelt is named.
        let told = try await shop.installation.sql(
          "select string_agg(text, '|') from holdfast.step_log where text like '%nothing that fits%'")
        #expect(told.hasSuffix("has nothing that fits '/orders/lost'") && !told.contains("|"), "\(told)")
        let misspelt = try await shop.installation.run([
          "restore", first, "--volume", "data", "--path", "/orders/odl", "--target", beside + "/none",
        ])
        #expect(misspelt.exitCode == 1, "\(misspelt)")
        #expect((misspelt.output + misspelt.errors).contains("has nothing that fits '/orders/odl'"), "\(misspelt)")
        #expect(try await shop.judge() == "")
        #expect(try await shop.leftBehind() == "")
      }
    }

    @Test("retired points leave nothing: no snapshot, no export, no entry in the ledger", arguments: cases)
    func retire(driver: String, kind: LoopFileSystem) async throws {
      try await withShop(driver, on: kind) { shop in
        var points: [String] = []
        for _ in 0..<3 {
          points.append(
            try await shop.backup("-p", #"retention={"snapshots": {"last": 1}, "exports": {"last": 2}}"#))
        }
        #expect(
          try await shop.installation.sql(
            "select name, state, snapshots, exports from holdfast.restore_point order by created_at, point_id")
            == "\(points[0])|retired|0|0\n\(points[1])|complete|0|1\n\(points[2])|complete|1|1")
        #expect(
          try await shop.installation.sql(
            "select kind, count(*) from holdfast.resource where state <> 'released' group by 1 order by 1")
            == "export|2\nsnapshot|1")
        #expect(try await shop.objects().count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/holdfast/points").count == 2)
        try await shop.holdfast("submit", "maintenance", "-p", "profile=vault", "-p", "read=all", "--wait")
        #expect(try await shop.judge() == "")
      }
    }

    @Test("what a hook leaves with a point is handed to the hook that runs before the point goes")
    func artifacts() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("artifacts") else { return }
      let log = try scratchDirectory("hooks").path + "/log"
      let shop = try await ProtectedShop(
        "btrfs", on: mount,
        application: """
            hooks:
              backupPrehook: [{exec: {command: [sh, -c, 'echo "DUMP=of-$HOLDFAST_RUN" >"$HOLDFAST_ARTIFACTS"']}}]
              deleteHook: [{exec: {command: [sh, -c, 'echo "$HOLDFAST_POINT $HOLDFAST_ARTIFACT_DUMP" >>\(log)']}}]
          """)
      let worker = try shop.installation.worker("main", slots: 8)
      let first = try await shop.backup("-p", #"retention={"last": 1}"#)
      let run = try await shop.installation.sql("select run_id from holdfast.restore_point")
      _ = try await shop.backup("-p", #"retention={"last": 1}"#)
      #expect(try String(contentsOfFile: log, encoding: .utf8) == "\(first) of-\(run)\n")
      await worker.kill()
    }

    @Test("a volume is exported in parts, and joined")
    func parts() async throws {
      try await withShop("btrfs", on: .btrfs) { shop in
        let path = shop.volumes[0].path
        try await shop.shell("for i in $(seq 20); do head -c 700000 /dev/urandom >'\(path)'/part-$i; done")
        let before = try await shop.facts(path)
        let point = try await shop.backup("-p", "parts=3")
        try await shop.shell("rm '\(path)'/part-*")
        try await shop.holdfast("restore", point, "--yes", "--from", "export")
        #expect(try await shop.facts(path) == before)
        #expect(try await shop.judge() == "")
      }
    }

    @Test("a policy that keeps no snapshots frees them as soon as the export is durable")
    func noSnapshots() async throws {
      try await withShop("btrfs", on: .btrfs) { shop in
        let before = try await shop.facts(shop.volumes[0].path)
        let point = try await shop.backup("-p", #"retention={"snapshots": {"keep": 0}, "exports": {"last": 5}}"#)
        #expect(try await shop.objects().count == 0)
        try await shop.shell("rm -r '\(shop.volumes[0].path)'/orders")
        try await shop.holdfast("restore", point, "--yes")
        #expect(try await shop.facts(shop.volumes[0].path) == before)
        // Beside it, as a subvolume: what only a subvolume can be used for works at once.
        let beside = shop.volumes[0].path + "-beside"
        try await shop.holdfast("restore", point, "--target", beside)
        #expect(try await shop.facts(beside + "/data") == before)
        #expect(try await shop.shell("stat -c %i '\(beside)/data'") == "256\n")
      }
    }

    @Test("what restic's REST server does not keep is said: points can't be imported, parts are refused in time")
    func restServer() async throws {
      guard let server = try await RESTServer(), let mount = try await LoopFileSystem.btrfs.sharedFolder("rest")
      else { return }
      let stopped = try scratchDirectory("hooks").path + "/stopped"
      let shop = try await ProtectedShop(
        "btrfs", on: mount, application: "  hooks: {backupPrehook: [{exec: {command: [touch, \(stopped)]}}]}")
      let profile = shop.folder.appendingPathComponent("rest.yaml")
      try """
      apiVersion: holdfast.dev/v1
      kind: Profile
      metadata: {name: far}
      spec:
        location: {rest: {url: "\(server.location("shop").dropFirst("rest:".count))"}}
        password: {file: \(shop.folder.path)/password}
      """.write(to: profile, atomically: true, encoding: .utf8)
      let applied = try await shop.installation.run(["apply", profile.path])
      #expect(applied.exitCode == 0, "\(applied)")
      #expect((applied.output + applied.errors).contains("keeps neither journals"), "\(applied)")
      let worker = try shop.installation.worker("main", slots: 8)
      let backup = ["submit", "backup", "-p", "application=shop", "-p", "profile=far", "--wait"]
      let inParts = try await shop.installation.run(backup + ["-p", "parts=2"])
      #expect(inParts.exitCode == 1 && (inParts.output + inParts.errors).contains("keeps no journals"), "\(inParts)")
      #expect(!FileManager.default.fileExists(atPath: stopped))
      try await shop.holdfast(backup)
      let told = "select count(*) from holdfast.step_log where text like '%stands in PostgreSQL alone%'"
      #expect(try await shop.installation.sql(told) == "1")
      let imported = try await shop.installation.run(["import", "far"])
      #expect(imported.exitCode == 1, "\(imported)")
      #expect((imported.output + imported.errors).contains("none can be imported"), "\(imported)")
      await worker.kill()
    }

    @Test("a restore drill compares every byte, asks the application, and is written to the point")
    func verify() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("verify") else { return }
      func hook(_ command: String) -> String {
        "  hooks: {verifyHook: [{name: look, exec: {command: \(command)}}]}"
      }
      let look = hook(#"[sh, -c, 'test -s "$HOLDFAST_TARGET/orders/1"']"#)
      let shop = try await ProtectedShop("btrfs", on: mount, application: look)
      let worker = try shop.installation.worker("main", slots: 8)
      let point = try await shop.backup()
      let scratch = shop.folder.path
      try await shop.holdfast("verify", "shop", "--scratch", scratch)
      let outcome = "select verified_ok, recovery_seconds > 0 from holdfast.restore_point where name = '\(point)'"
      #expect(try await shop.installation.sql(outcome) == "t|t")
      #expect(try await shop.shell("ls '\(scratch)' | grep -c ^hf- || true") == "0\n")
      // Nobody has looked: that says nothing of the point.
      let problem = "select verified_ok, drill_problem like '%/no/such/program%' from holdfast.restore_points"
      try await shop.applyDocuments(application: hook("[/no/such/program]"))
      #expect(try await shop.installation.run(["verify", "shop", "--scratch", scratch]).exitCode == 1)
      #expect(try await shop.installation.sql(problem) == "t|t")
      #expect(try await shop.installation.sql("select holdfast.point('shop') ->> 'name'") == point)
      #expect(try await shop.holdfast("points", "show", point).contains("could not be done: step volumes[0].look"))
      try await shop.applyDocuments(application: look)
      // The application doesn't like what it sees.
      try await shop.shell("rm '\(shop.volumes[0].path)'/orders/1")
      let bad = try await shop.backup()
      let drill = try await shop.installation.run(["verify", bad, "--scratch", scratch])
      #expect(drill.exitCode == 1)
      #expect(
        try await shop.installation.sql("select verified_ok from holdfast.restore_point where name = '\(bad)'") == "f")
      let verdict = "restore point \(bad) is bad: volume data: hook 'look'"
      #expect((drill.output + drill.errors).contains(verdict), "\(drill)")
      // One that failed its drill is not the last good one.
      #expect(try await shop.installation.sql("select holdfast.point('shop') ->> 'name'") == point)
      // What was stored is gone.
      try await shop.shell("find '\(shop.repository)/data' -type f -delete")
      #expect(try await shop.installation.run(["verify", point, "--scratch", scratch]).exitCode == 1)
      #expect(try await shop.installation.sql(outcome.replacing(", recovery_seconds > 0", with: "")) == "f")
      #expect(
        try await shop.installation.sql("select count(*) from holdfast.event_log where kind = 'point-bad'") == "2")
      #expect(try await shop.shell("ls '\(scratch)' | grep -c ^hf- || true") == "0\n")
      await worker.kill()
    }

    @Test("a dump goes into the repository as the program writes it; one that fails leaves nothing")
    func dump() async throws {
      guard let mount = try await LoopFileSystem.ext4.sharedFolder("dump") else { return }
      let shop = try await ProtectedShop("directory", on: mount)
      let worker = try shop.installation.worker("main", slots: 8)
      func dump(_ script: String) async throws -> ProgramResult {
        try await shop.installation.run([
          "submit", "backup-logical", "-p", "application=shop", "-p", "profile=vault", "-p", "file=shop.dump",
          "-p", #"command=["sh", "-c", "\#(script)"]"#, "--wait",
        ])
      }
      let good = try await dump("seq 300000")
      #expect(good.exitCode == 0, "\(good)")
      let target = shop.folder.path + "/dump"
      try await shop.holdfast("restore", "shop", "--target", target)
      #expect(try await shop.shell("seq 300000 | cmp - '\(target)/dump/shop.dump' && echo same") == "same\n")
      // Retried after up to ten seconds, so it is cancelled instead of waited for: before, or in its second attempt.
      let script = "seq 1000; mkdir \(shop.folder.path)/failed && exit 3; sleep 600"
      let run = try await shop.holdfast(
        "submit", "backup-logical", "-p", "application=shop", "-p", "profile=vault", "-p", "file=shop.dump",
        "-p", #"command=["sh", "-c", "\#(script)"]"#, "-o", "name"
      ).trimmingCharacters(in: .whitespacesAndNewlines)
      try await eventually("a failed dump") {
        try await shop.installation.sql(
          "select count(*) from holdfast.attempt where state = 'retrying' and step_id >> 20 = \(run)")
          == "1"
      }
      try await shop.holdfast("cancel", run)
      #expect(try await shop.end(of: run) == "cancelled")
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 1)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }
  }
}
