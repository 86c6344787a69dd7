import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite("The doctor", .serialized)
  struct DoctorTests {
    private struct Finding: Decodable {
      var check: String
      var state: String
      var text: String
      var remedy: String?
    }

    /// What the doctor says as JSON, and its exit code.
    private func ask(_ installation: Installation, url: String? = nil) async throws -> ([Finding], Int32) {
      let result = try await installation.run(["doctor", "--output", "json"], url: url)
      let findings = try JSONDecoder().decode([Finding].self, from: Data(result.output.utf8))
      for finding in findings where finding.state != "ok" { #expect(finding.remedy != nil, "\(finding)") }
      return (findings, result.exitCode)
    }

    private func states(_ findings: [Finding], _ check: String) -> Set<String> {
      Set(findings.filter { $0.check == check }.map(\.state))
    }

    @Test("a database without fsync is a problem, and people read how to mend it")
    func fsync() async throws {
      let installation = try await Installation(on: .shared)
      var (findings, code) = try await ask(installation)
      // If the machine stands still while it is asked, the clocks seem to differ.
      for _ in 1..<10 where states(findings, "clock") != ["ok"] { (findings, code) = try await ask(installation) }
      #expect(code == 1)
      #expect(states(findings, "durability") == ["problem"])
      #expect(states(findings, "schema") == ["ok"] && states(findings, "clock") == ["ok"])
      let shown = try await installation.run(["doctor"])
      #expect(shown.output.contains("alter system set fsync = on"), "\(shown.output)")
    }

    @Test("kinds without a worker are a warning, and a problem as soon as steps wait")
    func kinds() async throws {
      let installation = try await Installation(on: .shared)
      #expect(states(try await ask(installation).0, "step kinds") == ["warning"])
      #expect(states(try await ask(installation).0, "workers") == ["warning"])
      _ = try await installation.submit(Plan("waits", [["name": "a", "uses": "noop"]]))
      #expect(states(try await ask(installation).0, "step kinds") == ["warning", "problem"])

      let worker = try installation.worker("present")
      try await eventually("the worker") { states(try await ask(installation).0, "step kinds") == ["ok"] }
      #expect(states(try await ask(installation).0, "workers") == ["ok"])
      // One that hangs is noticed before its lease is over.
      worker.signal(SIGSTOP)
      // Again, should the database have heard of it last after that.
      try await eventually("the warning") {
        try await installation.sql(
          "update holdfast.worker set seen_at = now() - interval '25 s', expires_at = now() + interval '5 s'")
        return states(try await ask(installation).0, "workers") == ["warning"]
      }
      await worker.kill()
    }

    @Test("pauses are warnings, and policies that can't be scheduled problems")
    func pausesAndPolicies() async throws {
      let installation = try await Installation(on: .shared)
      #expect(states(try await ask(installation).0, "pauses") == ["ok"])
      try await installation.sql(
        """
        select holdfast.pause('queue', 'default', 'maintenance');
        insert into holdfast.policy (policy, schedule, plan, problem) values ('p', '{}', '{}', 'no such zone')
        """)
      let (findings, code) = try await ask(installation)
      #expect(states(findings, "pauses") == ["warning"] && states(findings, "policies") == ["problem"])
      #expect(
        findings.contains { $0.text.contains("maintenance") } && findings.contains { $0.text.contains("no such zone") })
      #expect(code == 1)
    }

    @Test("a database that is not migrated or not there is one problem")
    func unusable() async throws {
      let installation = try await Installation(on: .shared, isMigrated: false)
      #expect(states(try await ask(installation).0, "schema") == ["problem"])
      let (findings, code) = try await ask(installation, url: "host=/nonexistent dbname=x password=s3cr3t")
      #expect(findings.map(\.check) == ["database"] && states(findings, "database") == ["problem"])
      #expect(code == 1)
      #expect(!findings[0].text.contains("s3cr3t"))
    }
  }
}
