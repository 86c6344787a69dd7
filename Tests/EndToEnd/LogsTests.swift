import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `logs` of runs that are over or under way.
  @Suite("Logs")
  struct LogsTests {
    @Test("lines have time and step; attempts are set apart, and can be asked for by number, tail and age")
    func lines() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(WatchTests.failing)
      let worker = try installation.worker("w1")
      try await installation.runsEnd()
      await worker.kill()
      func texts(_ arguments: String...) async throws -> [String] {
        let result = try await installation.run(["logs", "\(run)"] + arguments)
        #expect(result.exitCode == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map { line in
          line.first?.isNumber ?? false ? String(line.dropFirst(8)) : String(line)
        }
      }
      let step = "group[1].work"
      #expect(
        try await texts(step)
          == ["  working", "  broken", "─── group[1].work, attempt 2", "  working", "  broken"])
      #expect(try await texts(step, "--attempt", "1") == ["  working", "  broken"])
      #expect(try await texts(step, "--tail", "1").last == "  broken")
      #expect(try await texts("group.work").contains(" group[0].work  working"))
      #expect(try await texts("group", "--since", "1h").count == 6)
      try await installation.sql("update holdfast.step_log set at = at - interval '2 hours'")
      #expect(try await texts("group", "--since", "1h") == [])

      let json = try await installation.run(["logs", "\(run)", step, "--attempt", "2", "-o", "json"]).output
      let objects = try json.split(separator: "\n").map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
      #expect(objects.compactMap { $0?["text"] as? String } == ["working", "broken"])
      #expect(objects.allSatisfy { $0?["attempt"] as? Int == 2 && $0?["step"] as? String == step })
      #expect(try await installation.run(["logs", "\(run)", "grup"]).exitCode == 3)
    }

    @Test("followed logs go on with each line once, until the run is over")
    func follow() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(
        Plan(
          "talks",
          [
            [
              "name": "a", "uses": "exec",
              "with": ["command": ["sh", "-c", "for i in 1 2 3 4; do echo line $i; sleep 0.5; done"]],
            ]
          ]))
      let logs = try installation.start(["logs", "\(run)", "-f"])
      let worker = try installation.worker("w1")
      #expect(try await logs.end() == 0)
      #expect(logs.output.split(separator: "\n").map { $0.suffix(6) } == ["line 1", "line 2", "line 3", "line 4"])
      await worker.kill()
    }
  }
}
