import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
  /// `logs` of runs that are over or under way.
  @Suite("Logs")
  struct LogsTests {
    @Test("a worker's own log names run, step and reason of a failure, and keeps quiet about what goes well")
    func workerLog() async throws {
      let installation = try await Installation(on: .shared)
      let run = try await installation.submit(
        Plan(
          "noted",
          [
            ["name": "good", "uses": "noop"],
            ["name": "bad", "uses": "fail", "with": ["message": "no tape", "class": "permanent"]],
          ]))
      let worker = try installation.worker("w1", ["--log-format", "json"])
      try await installation.runsEnd()
      worker.signal(SIGTERM)
      #expect(try await worker.end() == 0)
      let lines = worker.errors.split(separator: "\n").compactMap {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
      let failure = lines.first { $0["msg"] as? String == "a step failed" }
      #expect(failure?["level"] as? String == "warning" && failure?["run"] as? String == "\(run)")
      #expect(failure?["name"] as? String == "bad" && failure?["error"] as? String == "no tape")
      #expect(failure?["worker"] as? String == "w1" && failure?["attempt"] as? String == "1")
      #expect(!lines.contains { $0["name"] as? String == "good" })
    }

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
