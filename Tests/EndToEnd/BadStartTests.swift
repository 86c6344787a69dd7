import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("Bad starts", .serialized)
  struct BadStartTests {
    private static let secret = "Pa55-w0rd-never-shown"

    /// One sentence on standard error besides log lines, no stack trace, and no password anywhere.
    private func expectSentence(
      _ result: (code: Int32, errors: String), _ code: Int32, _ words: String, _ where: String
    ) {
      #expect(result.code == code, "\(`where`): \(result.errors)")
      let last = result.errors.split(separator: "\n").last ?? ""
      #expect(
        last.hasPrefix("holdfast: ") && last.contains(words) && last.hasSuffix("."), "\(`where`): \(result.errors)")
      for bad in ["Fatal error", "0x0000", "Swift.", Self.secret] {
        #expect(!result.errors.contains(bad), "\(`where`): \(result.errors)")
      }
    }

    private func ended(_ installation: Installation, _ command: String, _ url: String) async throws -> (Int32, String) {
      let program = try installation.start([command], url: url)
      return (try await program.end(), program.errors)
    }

    @Test(
      "a database that is not migrated, is newer, or misses the function that is asked",
      arguments: ["worker", "scheduler"])
    func schema(command: String) async throws {
      let installation = try await Installation(on: .shared, isMigrated: false)
      expectSentence(
        try await ended(installation, command, installation.url), 1, "run `holdfast migrate`", "not migrated")
      #expect(try await installation.run(["migrate"]).exitCode == 0)
      try await installation.sql("insert into holdfast.migration (version, name, checksum) values (9999, 'later', '')")
      expectSentence(try await ended(installation, command, installation.url), 1, "schema 9999", "newer")
      let migrate = try await installation.run(["migrate"])
      expectSentence((migrate.exitCode, migrate.errors), 1, "schema 9999", "migrate newer")
      // An older one: the last migration is missing.
      try await installation.sql(
        "delete from holdfast.migration where version in (9999, (select max(version) from holdfast.migration where version < 9999))"
      )
      expectSentence(try await ended(installation, command, installation.url), 1, "run `holdfast migrate`", "older")
    }

    @Test("a role that may not use the schema", arguments: ["worker", "scheduler", "migrate"])
    func permission(command: String) async throws {
      let installation = try await Installation(on: .shared)
      try await installation.sql(
        """
        do $$ begin create role outsider login; exception when duplicate_object then null; end $$;
        """)
      let url = installation.postgres.url(database: installation.database, user: "outsider")
      expectSentence(try await ended(installation, command, url), 1, "permission denied", command)
    }

    @Test("a wrong password is an error at once, and never shown", arguments: ["worker", "scheduler", "migrate"])
    func password(command: String) async throws {
      let postgres = try await PostgresInstance(hba: ["host all guarded 127.0.0.1/32 scram-sha-256"], tcp: true)
      let installation = try await Installation(on: postgres)
      try await installation.sql("create role guarded superuser login password 'right'")
      let url = "postgresql://guarded:\(Self.secret)@127.0.0.1:\(postgres.port)/\(installation.database)"
      expectSentence(try await ended(installation, command, url), 1, "password authentication failed", command)
      let none = "postgresql://guarded@127.0.0.1:\(postgres.port)/\(installation.database)"
      expectSentence(try await ended(installation, command, none), 1, "password", command)
      let noDatabase = "postgresql://guarded:right@127.0.0.1:\(postgres.port)/nowhere"
      expectSentence(try await ended(installation, command, noDatabase), 1, "nowhere", command)
    }

    @Test("nothing listens: migrate ends with exit code 4, workers and schedulers wait for it and say so")
    func unreachable() async throws {
      let installation = try await Installation(on: .shared, isMigrated: false)
      let url = "postgresql://guarded:\(Self.secret)@127.0.0.1:1/nowhere"
      expectSentence(try await ended(installation, "migrate", url), 4, "Connection refused", "migrate")
      for command in [["worker", "--grace", "600"], ["scheduler"]] {
        let program = try installation.start(command, url: url)
        try await eventually("a complaint") { program.errors.contains("Connection refused") }
        try await Task.sleep(for: .seconds(1))
        #expect(!program.hasEnded)
        #expect(!program.errors.contains(Self.secret) && !program.output.contains(Self.secret))
        program.signal(SIGTERM)
        #expect(try await program.end() == 0, "\(command) waits for a database and for nothing else")
      }
    }

    @Test(
      "a password on the command line is not to be seen in the list of processes",
      arguments: [
        "postgresql://guarded:SECRET@127.0.0.1:1/nowhere",
        "host=127.0.0.1 port=1 user=guarded password=SECRET dbname=nowhere",
        "postgresql://127.0.0.1:1/nowhere?user=guarded&password=SECRET",
      ])
    func processList(pattern: String) async throws {
      let installation = try await Installation(on: .shared, isMigrated: false)
      let url = pattern.replacingOccurrences(of: "SECRET", with: Self.secret)
      for arguments in [["worker", "--database", url], ["worker", "--listen-database=" + url, "--database", url]] {
        let program = try installation.start(arguments)
        try await eventually("a complaint") { program.errors.contains("Connection refused") }
        let shown = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(program.pid)/cmdline"))
        let text = String(decoding: shown, as: UTF8.self)
        #expect(text.contains("--database") && !text.contains(Self.secret), "\(text)")
        await program.kill()
      }
    }
  }
}
