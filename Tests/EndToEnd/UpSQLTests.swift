import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("holdfast sql", .serialized)
  struct UpSQLTests {
    /// A folder with a psql that tells what it was given.
    private func pretender() throws -> String {
      let folder = try scratchDirectory("psql")
      let script = """
        #!/bin/sh
        for argument in "$@"; do echo "argument: $argument"; done
        env | grep ^PG
        grep SigBlk /proc/$$/status
        exit 3
        """
      try Data(script.utf8).write(to: folder.appendingPathComponent("psql"))
      chmod(folder.appendingPathComponent("psql").path, 0o755)
      return folder.path
    }

    @Test("psql gets the database without the password among its arguments, and its own signals and exit code")
    func handOver() async throws {
      let url =
        "postgres://me:s3cr3t%27@db.example,other:5433/name?keepalives_idle=7&sslmode=require&options=-cwork_mem%3D1MB"
      let result = try await runProgram(
        holdfastBinary, ["sql", "select 1", "select 2"],
        environment: ["PATH": try pretender() + ":/usr/bin:/bin", "HOLDFAST_DATABASE_URL": url])
      #expect(result.exitCode == 3)
      let lines = Set(result.output.split(separator: "\n").map(String.init))
      for line in [
        "PGHOST=db.example,other", "PGPORT=,5433", "PGUSER=me", "PGDATABASE=name", "PGPASSWORD=s3cr3t'",
        "PGSSLMODE=require", "PGAPPNAME=holdfast sql", "argument: select 1", "argument: select 2",
        "argument: keepalives_idle='7'", "SigBlk:\t0000000000000000",
        "PGOPTIONS=-c search_path=holdfast,public -c jit=off -cwork_mem=1MB",
      ] {
        #expect(lines.contains(line), "\(line) is not in \(result.output)")
      }
      #expect(!lines.contains { $0.hasPrefix("argument") && $0.contains("s3cr3t") })
    }

    @Test("what follows -- goes to psql as it is")
    func ownArguments() async throws {
      let result = try await runProgram(
        holdfastBinary, ["sql", "--", "-At", "-f", "report.sql"],
        environment: ["PATH": try pretender() + ":/usr/bin:/bin", "HOLDFAST_DATABASE_URL": "host=/tmp"])
      #expect(result.output.hasPrefix("argument: -At\nargument: -f\nargument: report.sql\n"), "\(result.output)")
    }

    @Test("without psql it says what to install")
    func missing() async throws {
      let result = try await runProgram(
        holdfastBinary, ["sql"], environment: ["PATH": "/nowhere", "HOLDFAST_DATABASE_URL": "host=/tmp"])
      #expect(result.exitCode == 1)
      #expect(result.errors.contains("postgresql-client"), "\(result.errors)")
    }

    @Test("the views are at hand without their schema, and a failed statement is a failure")
    func views() async throws {
      let installation = try await Installation(on: .shared)
      #expect(
        try await installation.run(["sql", "--", "-At", "-c", "select count(*) from run_status"]).output == "0\n")
      #expect(try await installation.run(["sql", "select nonsense"]).exitCode != 0)
    }
  }
}
