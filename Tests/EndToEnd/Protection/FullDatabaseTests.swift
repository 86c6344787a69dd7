import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// PostgreSQL's disk is full in the middle of a backup.
  @Suite("A backup while PostgreSQL has no room", .serialized)
  struct FullDatabaseTests {
    /// Puts out so much that it needs room in PostgreSQL.
    private static let chatty = """
        hooks:
          backupPosthook:
            - {exec: {command: [bash, -c, 'for i in 1 2 3 4 5 6 7 8; do echo "holdfast-artifact K$i $(head -c 8000 /dev/urandom | base64 -w 0)"; done']}}
      """

    private func expectWhole(_ shop: ProtectedShop, _ before: String) async throws {
      try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
      try await shop.shell("rm -r '\(shop.volumes[0].path)/orders'")
      try await shop.holdfast("restore", "shop", "--yes", "--from", "export")
      #expect(try await shop.facts(shop.volumes[0].path) == before)
      #expect(try await shop.objects().count == 1)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.repository + "/snapshots").count == 1)
      #expect(try await shop.judge() == "")
    }

    @Test("its tables: the worker says so in one sentence, the run goes on when there is room, and nothing is lost")
    func tables() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("full-database") else { return }
      guard let disk = try await SmallDisk(megabytes: 64) else {
        print("skipped: a disk to fill needs root and mount namespaces")
        return
      }
      let shop = try await ProtectedShop(
        "btrfs", on: mount, installation: try await Installation(on: disk.postgres), application: Self.chatty)
      let before = try await shop.facts(shop.volumes[0].path)
      let moments = try Moments()
      let worker = try shop.installation.worker("main", lease: 5, environment: moments.environment)
      try moments.hold(at: "snapshot.taken")
      let run = try await shop.submitBackup()
      let held = try await moments.held(at: "snapshot.taken")
      try await disk.fill()
      held.letGo()
      try await eventually(within: .seconds(120), "a complaint") { worker.errors.contains("No space left on device") }
      // Long enough for leases to run out.
      try await Task.sleep(for: .seconds(7))
      #expect(!worker.hasEnded, "\(worker.errors.suffix(2000))")
      for complaint in worker.errors.split(separator: "\n") where complaint.contains("No space left") {
        #expect(complaint.count < 700, "\(complaint)")
      }
      try await disk.free()
      do { #expect(try await shop.end(of: run) == "succeeded") } catch {
        throw TestSupportError("\(error)\n\(worker.errors.suffix(4000))")
      }
      try await expectWhole(shop, before)
      await worker.kill()
    }

    @Test("its write-ahead log: PostgreSQL dies of it; once it is started with room, the run goes on")
    func log() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("full-log") else { return }
      _ = try await LoopFileSystem.ext4.withOwn(megabytes: 160) { disk in
        let postgres = try await PostgresInstance(settings: ["max_wal_size": "48MB", "min_wal_size": "32MB"])
        try await postgres.stop()
        let data = postgres.directory.path
        let moved = try await runProgram(
          "/bin/sh",
          [
            "-ec", #"cp -a "$0/pg_wal" "$1/wal"; rm -r "$0/pg_wal"; ln -s "$1/wal" "$0/pg_wal"; chmod 755 "$1""#, data,
            disk.path,
          ])
        guard moved.exitCode == 0 else { throw TestSupportError("cannot move the log: \(moved.errors)") }
        try await postgres.start()
        let shop = try await ProtectedShop("btrfs", on: mount, installation: try await Installation(on: postgres))
        let before = try await shop.facts(shop.volumes[0].path)
        let moments = try Moments()
        let worker = try shop.installation.worker("main", environment: moments.environment)
        try moments.rest(at: "clone.made", seconds: 1)
        let run = try await shop.submitBackup()
        try await moments.passed("clone.made")
        _ = try await runProgram("/bin/sh", ["-c", #"cat /dev/zero >"$0/ballast""#, disk.path])
        // Segment after segment, until there is no next one.
        try await eventually(within: .seconds(120), "the end of PostgreSQL") {
          _ = try await postgres.psql("create table if not exists x(); drop table x; select pg_switch_wal()")
          return postgres.pid == nil || postgres.log.contains("PANIC")
        }
        try await Task.sleep(for: .seconds(3))
        try await shop.shell("rm '\(disk.path)/ballast'")
        // Where it has given up, or does so in the middle of its recovery, somebody starts it.
        try await eventually(within: .seconds(120), "PostgreSQL's return") {
          if postgres.pid == nil { try? await postgres.start() }
          return try await postgres.psql("select").exitCode == 0
        }
        #expect(try await shop.end(of: run) == "succeeded")
        #expect(!worker.hasEnded)
        try await expectWhole(shop, before)
        await worker.kill()
        try await postgres.stop()
      }
    }
  }
}
