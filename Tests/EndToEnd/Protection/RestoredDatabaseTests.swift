import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Holdfast's own database comes back from a dump, as deploy/own-database.yaml makes them: runs that came after the dump are
  /// forgotten, and their numbers are given away again.
  @Suite("A database that was restored from a dump")
  struct RestoredDatabaseTests {
    @Test("what forgotten runs left never passes for a new backup, and can be imported")
    func forgottenRuns() async throws {
      guard let mount = try await LoopFileSystem.btrfs.sharedFolder("forgotten") else { return }
      let shop = try await ProtectedShop("btrfs", on: mount)
      let (installation, data) = (shop.installation, shop.volumes[0].path)
      let dump = shop.folder.path + "/own.dump"
      try await shop.shell("pg_dump --format=custom '--dbname=\(installation.url)' >'\(dump)'")

      let old = try installation.worker("here", slots: 8)
      let forgotten = try await shop.backup()
      let run = try await installation.number("select max(run_id) from holdfast.run")
      let factsBefore = try await shop.facts(data)
      old.signal(SIGTERM)
      _ = try await old.end()
      // As deploy/own-database.yaml says.
      try await installation.sql("drop schema holdfast cascade")
      try await shop.shell(
        "pg_restore --no-owner --no-privileges --single-transaction '--dbname=\(installation.url)' '\(dump)'")
      try await shop.holdfast("migrate")
      try await shop.shell("rm -r '\(data)/orders'; echo new >'\(data)/new'")

      let worker = try installation.worker("here", slots: 8)
      let point = try await shop.backup()
      #expect(try await installation.number("select max(run_id) & 268435455 from holdfast.run") == run & 268_435_455)
      let facts = try await shop.facts(data)
      for source in ["snapshot", "export"] {
        try await shop.shell("echo bad >'\(data)/new'")
        try await shop.holdfast("restore", point, "--from", source, "--yes")
        #expect(try await shop.facts(data) == facts, "from \(source)")
      }
      try await shop.holdfast("import", "vault")
      try await shop.holdfast("restore", forgotten, "--from", "export", "--yes")
      #expect(try await shop.facts(data) == factsBefore)
      #expect(try await shop.judge() == "")
      await worker.kill()
    }

    @Test("an export that an attempt stored although it was taken for dead goes with the point")
    func twin() async throws {
      guard let mount = try await LoopFileSystem.xfs.sharedFolder("twin") else { return }
      let shop = try await ProtectedShop("reflink", on: mount)
      let worker = try shop.installation.worker("here", slots: 8)
      _ = try await shop.backup()
      let restic = "export RESTIC_REPOSITORY='\(shop.repository)' RESTIC_PASSWORD='correct horse'; restic --no-cache"
      try await shop.shell(
        """
        \(restic) snapshots --json >'\(shop.folder.path)/list'
        tags=$(python3 -c 'import json, sys; print(",".join(json.load(sys.stdin)[0]["tags"]))' <'\(shop.folder.path)/list')
        \(restic) backup --tag "$tags" '\(shop.volumes[0].path)'; \(restic) backup --tag mine '\(shop.volumes[0].path)'
        """)
      _ = try await shop.backup("-p", #"retention={"last": 1}"#)
      #expect(
        try await shop.installation.sql("select state from holdfast.restore_point order by point_id")
          == "retired\ncomplete")
      #expect(
        try await shop.shell(
          "\(restic) snapshots --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'")
          == "2\n")
      await worker.kill()
    }
  }
}
