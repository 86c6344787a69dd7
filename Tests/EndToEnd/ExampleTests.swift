import Foundation
import HTTPTestServer
import TestSupport
import Testing

extension EndToEnd {
  /// Every file below workflows/examples, run as its author would, and what it left behind.
  @Suite("Examples")
  struct ExampleTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("workflows/examples").path

    /// A database with a worker, and a folder to work in.
    private func working(
      _ body: (_ installation: Installation, _ folder: String) async throws -> Void
    ) async throws {
      let installation = try await Installation(on: .shared)
      let worker = try installation.worker("examples", slots: 8)
      let folder = try scratchDirectory("example")
      try await body(installation, folder.path)
      await worker.kill()
    }

    /// Submits an example and waits for its end.
    private func run(
      _ example: String, _ parameters: [String: String], on installation: Installation
    ) async throws -> ProgramResult {
      let given = parameters.flatMap { ["--param", "\($0.key)=\($0.value)"] }
      return try await installation.run(["submit", "\(Self.folder)/\(example).yaml", "--wait"] + given)
    }

    private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    private func names(in folder: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private func write(_ text: String, to path: String) throws {
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("all of them are valid")
    func valid() async throws {
      let result = try await runProgram(holdfastBinary, ["validate", "--strict", Self.folder])
      #expect(result.exitCode == 0, "\(result.errors)")
      #expect(names(in: Self.folder).filter { $0.hasSuffix(".yaml") }.count == 10)
    }

    /// How examples reach the tests' PostgreSQL.
    private func connection(_ installation: Installation) -> [String: String] {
      [
        "host": installation.postgres.directory.path, "port": "\(installation.postgres.port)",
        "database": installation.database,
      ]
    }

    @Test("database-dump: a dump that can be read, and no more of them than wanted")
    func databaseDump() async throws {
      try await working { installation, folder in
        for _ in 1...3 {
          let parameters = connection(installation).merging(["folder": folder, "keep": "2"]) { $1 }
          let result = try await run("database-dump", parameters, on: installation)
          #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        }
        #expect(names(in: folder).count == 2)
      }
    }

    @Test("verified-backup: the dump is restored and compared, and the scratch database is gone")
    func verifiedBackup() async throws {
      try await working { installation, folder in
        let applied = try await installation.run(["apply", "\(Self.folder)/database-dump.yaml"])
        #expect(applied.exitCode == 0, "\(applied.errors)")
        let result = try await run(
          "verified-backup", connection(installation).merging(["folder": folder]) { $1 }, on: installation)
        #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        let log = try await installation.run(["logs", "verified-backup", "compare"]).output
        #expect(log.contains("in the restored copy"))
        #expect(try await installation.number("select count(*) from pg_database where datname like 'scratch_%'") == 0)
      }
    }

    @Test("fan-out: every host is copied, and the report names them all")
    func fanOut() async throws {
      try await working { installation, folder in
        _ = try await installation.run(["limits", "set", "hosts", "2"])
        let copy = #"["sh", "-euc", "mkdir -p \"$2\" && echo \"$1\" >\"$2/name\"", "copy"]"#
        let result = try await run(
          "fan-out", ["hosts": #"["web-1", "web-2", "web-3"]"#, "target": folder, "copy": copy], on: installation)
        #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        #expect(text("\(folder)/web-2/name") == "web-2\n")
        let report = text("\(folder)/report.txt").split(separator: "\n")
        #expect(report.first == "3 hosts:" && report.count == 4)
        #expect(report.last?.hasPrefix("web-3: ") ?? false)
      }
    }

    @Test("approval: nothing happens before somebody agrees")
    func approval() async throws {
      try await working { installation, folder in
        try write("new", to: "\(folder)/from/file")
        try write("old", to: "\(folder)/to/file")
        let started = try await installation.run([
          "submit", "\(Self.folder)/approval.yaml", "-p", "from=\(folder)/from", "-p", "to=\(folder)/to", "-o", "name",
        ])
        let run = started.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually("a wait for approval") {
          try await installation.run(["explain", run]).output.contains("1 differences")
        }
        #expect(text("\(folder)/to/file") == "old")
        let approved = try await installation.run(["approve", run, "--comment", "seen", "--by", "Ada"])
        #expect(approved.exitCode == 0, "\(approved.errors)")
        try await installation.runsEnd()
        #expect(text("\(folder)/to/file") == "new")

        // The same again, cancelled while it waits.
        try write("newer", to: "\(folder)/from/file")
        let second = try await installation.run([
          "submit", "\(Self.folder)/approval.yaml", "-p", "from=\(folder)/from", "-p", "to=\(folder)/to", "-o", "name",
        ]).output.trimmingCharacters(in: .whitespacesAndNewlines)
        try await eventually("a wait for approval") {
          try await installation.run(["explain", second]).output.contains("differences")
        }
        _ = try await installation.run(["cancel", second, "--reason", "not today"])
        try await installation.runsEnd()
        #expect(text("\(folder)/to/file") == "new")
        #expect(text("\(folder)/from/cancelled.txt").hasSuffix("was cancelled: not today\n"))
      }
    }

    @Test("undo: a failed upgrade leaves everything as it was, and tells")
    func undo() async throws {
      try await working { installation, folder in
        try write("precious", to: "\(folder)/data/file")
        let bad = #"["sh", "-c", "rm -r \#(folder)/data; exit 3"]"#
        let failed = try await run("undo", ["folder": folder, "upgrade": bad], on: installation)
        #expect(failed.exitCode == 1)
        #expect(text("\(folder)/data/file") == "precious")
        #expect(names(in: folder) == ["data", "failure.txt"])
        #expect(text("\(folder)/failure.txt").contains("exit code 3"))

        let good = #"["sh", "-c", "echo better >\#(folder)/data/file"]"#
        let succeeded = try await run("undo", ["folder": folder, "upgrade": good], on: installation)
        #expect(succeeded.exitCode == 0, "\(succeeded.output)\(succeeded.errors)")
        #expect(text("\(folder)/data/file") == "better\n")
        #expect(names(in: folder) == ["data", "failure.txt"])
      }
    }

    @Test("folder-archive: an archive with a checksum, by hand and by its policy")
    func folderArchive() async throws {
      try await working { installation, folder in
        try write("content", to: "\(folder)/source/file")
        let parameters = ["source": "\(folder)/source", "target": "\(folder)/target", "keep": "1"]
        for _ in 1...2 {
          let result = try await run("folder-archive", parameters, on: installation)
          #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        }
        let left = names(in: "\(folder)/target")
        #expect(left.count == 2 && left[0].hasSuffix(".tar.zst") && left[1] == left[0] + ".sha256")

        let applied = try await installation.run(["apply", "\(Self.folder)/folder-archive.yaml"])
        #expect(
          applied.output == "workflow/folder-archive created, version 1\npolicy/nightly-archive created, version 1\n")
        #expect(try await installation.run(["schedule", "next", "nightly-archive", "-n", "2"]).exitCode == 0)
      }
    }

    @Test("health-gate: acts only while the service is well, and tells the webhook of both ends")
    func healthGate() async throws {
      let server = try HTTPTestServer()
      try await working { installation, folder in
        let well = [
          "url": server.url("echo?at="), "webhook": server.url("echo"), "do": #"["touch", "\#(folder)/done"]"#,
        ]
        let result = try await run("health-gate", well, on: installation)
        #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        #expect(names(in: folder) == ["done"])

        let unwell = [
          "url": server.url("missing"), "webhook": server.url("echo"), "do": #"["touch", "\#(folder)/not"]"#,
        ]
        #expect(try await run("health-gate", unwell, on: installation).exitCode == 1)
        #expect(names(in: folder) == ["done"])
        let told = try await installation.sql(
          """
          select string_agg(outputs -> 'json' ->> 'body', ' ' order by step_id) from holdfast.attempt
          where outputs -> 'json' ->> 'method' = 'POST'
          """)
        #expect(told.contains(#""outcome":"succeeded""#) && told.contains(#""outcome":"failed""#))
      }
    }

    @Test("one-at-a-time: no two machines are down together")
    func oneAtATime() async throws {
      try await working { installation, folder in
        _ = try await installation.run(["limits", "set", "maintenance", "1"])
        let maintain =
          #"["sh", "-euc", "echo begin >>\#(folder)/log; sleep 0.2; echo end >>\#(folder)/log", "maintain"]"#
        let result = try await run(
          "one-at-a-time", ["machines": #"["a", "b", "c"]"#, "maintain": maintain], on: installation)
        #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        #expect(text("\(folder)/log") == String(repeating: "begin\nend\n", count: 3))
      }
    }

    @Test("full-or-incremental: the first is full, the next holds what changed")
    func fullOrIncremental() async throws {
      try await working { installation, folder in
        try write("one", to: "\(folder)/source/one")
        let weekday = try await installation.sql(
          "select to_char(now() at time zone 'UTC' + interval '3 days', 'FMDay')")
        let parameters = ["source": "\(folder)/source", "target": "\(folder)/target", "fullOn": weekday]
        #expect(try await run("full-or-incremental", parameters, on: installation).exitCode == 0)
        try write("two", to: "\(folder)/source/two")
        let second = try await run("full-or-incremental", parameters, on: installation)
        #expect(second.exitCode == 0, "\(second.output)\(second.errors)")
        let kinds = names(in: "\(folder)/target").map { $0.prefix { $0 != "-" } }
        #expect(kinds == ["full", "incremental", "list"])
        let listed = try await installation.run(["logs", "full-or-incremental", "check"]).output
        #expect(listed.contains("./two") && !listed.contains("./one"))
      }
    }

    @Test("disk-cleanup: old files go when the disk is fuller than allowed, and only then")
    func diskCleanup() async throws {
      try await working { installation, folder in
        try write("old", to: "\(folder)/old")
        try write("new", to: "\(folder)/new")
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -40 * 86_400)], ofItemAtPath: "\(folder)/old")
        #expect(try await run("disk-cleanup", ["folder": folder, "threshold": "100"], on: installation).exitCode == 0)
        #expect(names(in: folder) == ["cleanup-report.txt", "new", "old"])
        #expect(text("\(folder)/cleanup-report.txt").contains("nothing, 100 % are allowed"))
        let result = try await run("disk-cleanup", ["folder": folder, "threshold": "0"], on: installation)
        #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
        #expect(names(in: folder) == ["cleanup-report.txt", "new"])
      }
    }
  }
}
