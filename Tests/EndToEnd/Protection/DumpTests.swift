import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Dumps that programs write and take back, never with a copy on the disk.
  @Suite("Dumps of an application")
  struct DumpTests {
    /// An application whose dumps are those of `list`, and a worker.
    private func withShop(
      _ list: String, _ body: (ProtectedShop, _ apply: (String) async throws -> Void) async throws -> Void
    ) async throws {
      let shop = try await ProtectedShop("directory", on: try scratchDirectory("dumped"))
      func apply(_ list: String) async throws {
        try await shop.apply(
          "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: shop}\nspec:\n  dumps:\n\(list)\n")
      }
      try await apply(list)
      let worker = try shop.installation.worker("main", slots: 8)
      try await body(shop, apply)
      await worker.kill()
    }

    private func backUp(_ shop: ProtectedShop) async throws {
      try await shop.holdfast(
        "submit", "backup-logical", "-p", "application=shop", "-p", "profile=vault", "--wait")
    }

    @Test("a PostgreSQL database comes back from its dump, row by row")
    func postgres() async throws {
      let server = try await PostgresInstance.shared
      let database = try await server.makeDatabase()
      let url = server.url(database: database)
      func sql(_ text: String) async throws -> String { try await server.sql(text, database: database) }
      _ = try await sql(
        "create table orders (id int primary key, note text); insert into orders select i, md5(i::text) from generate_series(1, 50000) i"
      )
      let checksum = "select count(*) || ' ' || md5(string_agg(id || note, ',' order by id)) from orders"
      let before = try await sql(checksum)
      let list = """
            - name: orders
              file: orders.dump
              backup: {command: [pg_dump, --format=custom, --compress=0, "--dbname=\(url)"]}
              restore: {command: [pg_restore, --clean, --if-exists, --single-transaction, "--dbname=\(url)"], timeout: 2m}
        """
      try await withShop(list) { shop, _ in
        try await backUp(shop)
        _ = try await sql(
          "delete from orders where id % 3 = 0; update orders set note = 'damaged'; create table more ()")
        try await shop.holdfast("restore", "shop", "--yes")
        #expect(try await sql(checksum) == before)
        // A drill takes the file, and leaves the database alone.
        _ = try await sql("delete from orders")
        try await shop.holdfast("verify", "shop", "--scratch", shop.folder.path + "/drill")
        #expect(try await sql("select count(*) from orders") == "0")
        try await shop.holdfast("restore", "shop", "--yes", "--target", shop.folder.path + "/files")
        let listed = try await shop.shell("pg_restore --list '\(shop.folder.path)/files/orders/orders.dump'")
        #expect(listed.contains("TABLE DATA public orders"))
        #expect(try await shop.judge() == "")
      }
    }

    @Test("several dumps, with secrets and variables; each goes to its own program, and hooks run around them")
    func several() async throws {
      let places = try scratchDirectory("places")
      try "hush\n".write(to: places.appendingPathComponent("secret"), atomically: true, encoding: .utf8)
      let script = #"cat >\"$HERE/$NAME.$WORD\""#
      let list = """
            - name: numbers
              backup: {command: [seq, "400000"]}
              restore:
                command: [sh, -c, "\(script)"]
                environment: {HERE: "\(places.path)", NAME: numbers}
                secrets: {WORD: {file: "\(places.path)/secret"}}
            - name: none
              backup: {command: ["true"]}
              restore: {command: [sh, -c, "cat >none; echo end >>none"], directory: "\(places.path)"}
          hooks:
            restorePosthook: [{exec: {command: [touch, "\(places.path)/started"]}}]
        """
      try await withShop(list) { shop, _ in
        try await backUp(shop)
        try await shop.holdfast("restore", "shop", "--yes")
        #expect(try await shop.shell("seq 400000 | cmp - '\(places.path)/numbers.hush' && echo same") == "same\n")
        #expect(try await shop.shell("cat '\(places.path)/none'") == "end\n")
        #expect(FileManager.default.fileExists(atPath: places.path + "/started"))
        try await shop.shell("rm '\(places.path)'/n*")
        try await shop.holdfast("restore", "shop", "--yes", "--volume", "none")
        #expect(try await shop.shell("cd '\(places.path)'; echo n*") == "none\n")
      }
    }

    @Test(
      "a program that does not take all of it has not restored anything",
      arguments: [
        ("head -c 1000 >/dev/null", "ended with success before it had read everything"),
        ("exit 0", "ended with success before it had read everything"),
        ("sleep 1000 & exit 0", "ended with success before it had read everything"),
        ("head -c 1000 >/dev/null; echo no more room >&2; exit 126", "ended with exit code 126: no more room"),
        ("kill -9 $$", "was ended by signal 9"), ("exec <&-; sleep 1000", "did not end within 2 s and was stopped"),
        ("sleep 1000", "did not end within 2 s and was stopped"),
      ])
    func unwilling(script: String, reason: String) async throws {
      // Those that end by themselves may take their time.
      let timeout = reason.contains("within 2 s") ? "2s" : "5m"
      let list = """
            - name: numbers
              backup: {command: [seq, "400000"]}
              restore: {command: [sh, -c, "\(script)"], timeout: \(timeout)}
        """
      try await withShop(list) { shop, _ in
        try await backUp(shop)
        let result = try await shop.installation.run(["restore", "shop", "--yes"])
        #expect(result.exitCode == 1)
        let failure = try await shop.installation.sql("select string_agg(message, '|') from holdfast.attempt")
        #expect(failure.contains(reason), "\(failure)")
      }
    }

    @Test("a program that hangs is ended with its run; one whose data break off never sees their end")
    func brokenOff() async throws {
      let place = try scratchDirectory("end").path
      func list(_ script: String) -> String {
        """
            - name: numbers
              backup: {command: [seq, "4000000"]}
              restore: {command: [sh, -c, "\(script)"]}
        """
      }
      try await withShop(list("echo $$ >'\(place)/pid'; sleep 1000")) { shop, apply in
        try await backUp(shop)
        let run = try await shop.holdfast("restore", "shop", "--yes", "--no-wait", "-o", "name")
          .trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually("the program") { FileManager.default.fileExists(atPath: place + "/pid") }
        try await shop.holdfast("cancel", run)
        #expect(try await shop.end(of: run) == "cancelled")
        try await eventually("the program's end") {
          try await shop.shell("kill -0 $(cat '\(place)/pid') 2>/dev/null || echo gone") == "gone\n"
        }

        try await apply(list("touch '\(place)/begun'; cat >/dev/null; touch '\(place)/end'"))
        // Not the first blobs: the program reads before the data break off.
        try await shop.shell(
          """
          for pack in $(find '\(shop.repository)/data' -type f -size +100k); do
            chmod u+w $pack; at=$(($(stat -c %s $pack) / 1024 * 3 / 4))
            dd if=/dev/zero of=$pack bs=1k seek=$at count=9 conv=notrunc status=none
          done
          """)
        // What is read ahead may be found damaged before the program has begun; then it has not been tried.
        for _ in 1...10 where !FileManager.default.fileExists(atPath: place + "/begun") {
          #expect(try await shop.installation.run(["restore", "shop", "--yes"]).exitCode == 1)
        }
        #expect(FileManager.default.fileExists(atPath: place + "/begun"))
        #expect(!FileManager.default.fileExists(atPath: place + "/end"))
      }
    }

    @Test("a point keeps its dumps while they are repeated, until the new ones are all there")
    func repeated() async throws {
      let place = try scratchDirectory("repeated").path
      let list = """
            - {name: good, backup: {command: [cat, "\(place)/data"]}}
            - name: bad
              backup: {command: [sh, -c, "cat '\(place)/data'; exit $(cat '\(place)/code')"]}
        """
      try await withShop(list) { shop, _ in
        func restored() async throws -> String {
          try await shop.shell("rm -rf '\(place)/back'")
          try await shop.holdfast("restore", "shop", "--target", place + "/back")
          return try await shop.shell("cat '\(place)'/back/*/*")
        }
        func janitor() async throws {
          try await eventually(within: .seconds(240), "the janitor") { try await shop.leftBehind() == "" }
        }
        try await shop.shell("echo 0 >'\(place)/code'; echo old >'\(place)/data'")
        try await backUp(shop)
        let run = try await shop.installation.sql("select run_id from holdfast.restore_point")
        try await shop.shell("echo 1 >'\(place)/code'; echo new >'\(place)/data'")
        try await shop.holdfast("retry", run, "--from", "dumps")
        #expect(try await shop.end(of: run) == "failed")
        try await janitor()
        #expect(try await restored() == "old\nold\n")
        try await shop.shell("echo 0 >'\(place)/code'")
        try await shop.holdfast("retry", run)
        let ending = try await shop.end(of: run)
        let failure = try await shop.installation.sql("select failure from holdfast.run where run_id = \(run)")
        #expect(ending == "succeeded", "\(failure)")
        try await janitor()
        #expect(try await restored() == "new\nnew\n")
        #expect(try await shop.judge() == "")
      }
    }

    @Test("a dump that breaks off is never a snapshot, not even for a moment")
    func brokenDump() async throws {
      func list(_ script: String) -> String {
        #"    - {name: numbers, backup: {command: [sh, -c, "\#(script)"]}}"#
      }
      try await withShop(list("seq 400000")) { shop, apply in
        try await backUp(shop)
        // One that is removed again leaves its trace in the folder's time.
        let before = try await shop.shell("stat -c %y '\(shop.repository)/snapshots'")
        // Shells say so that it is of no use to try again.
        try await apply(list("seq 400000; exit 127"))
        let result = try await shop.installation.run([
          "submit", "backup-logical", "-p", "application=shop", "-p", "profile=vault", "--wait",
        ])
        #expect(result.exitCode == 1, "\(result)")
        let failure = try await shop.installation.sql("select string_agg(message, '|') from holdfast.attempt")
        #expect(failure.contains("ended with exit code 127"), "\(failure)")
        #expect(try await shop.shell("stat -c %y '\(shop.repository)/snapshots'") == before)
      }
    }

    @Test("the example's SQLite database is the dump's, whatever a writer that crashed left beside it")
    func sqliteExample() async throws {
      let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("deploy/dumps.yaml")
      let folder = try scratchDirectory("wiki")
      let result = try await runProgram(
        "/bin/bash",
        [
          "-euc",
          #"""
          restore=$(python3 -c 'import sys, yaml
          spec = next(yaml.safe_load_all(open(sys.argv[1])))["spec"]
          print(next(dump for dump in spec["dumps"] if dump["name"] == "wiki")["restore"]["command"][2])' "$1")
          sqlite3 wiki.db >mode <<'SQL'
          pragma journal_mode = wal;
          create table page (text);
          insert into page values ('old');
          .shell cp wiki.db-wal left
          SQL
          mv left wiki.db-wal
          touch wiki.new wiki.new-journal
          echo "create table page (text); insert into page values ('restored');" | sh -euc "$restore"
          ls wiki*
          sqlite3 wiki.db 'select text from page'
          """#, "bash", example.path,
        ], environment: ["PATH": "/usr/bin:/bin"], directory: folder)
      #expect(result.output == "wiki.db\nrestored\n", "\(result)")
    }

    @Test("what nothing takes back is told, and comes back as a file")
    func noProgram() async throws {
      try await withShop(#"    - {name: numbers, backup: {command: [seq, "10"]}}"#) { shop, _ in
        try await backUp(shop)
        let result = try await shop.installation.run(["restore", "shop", "--yes"])
        #expect(result.exitCode == 1)
        #expect(
          (result.output + result.errors).contains("does not say what takes its dump 'numbers' back"), "\(result)")
        try await shop.holdfast("restore", "shop", "--target", shop.folder.path + "/files")
        #expect(try await shop.shell("tail -1 '\(shop.folder.path)/files/numbers/numbers'") == "10\n")
      }
    }
  }
}
